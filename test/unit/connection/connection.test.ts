import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { CloudError } from '../../../src/cloud-error.ts';
import { Connection } from '../../../src/connection/connection.ts';
import type {
  ClockTrust,
  ConnectionOptions,
  IdentitySource,
  RegistrationStore,
} from '../../../src/connection/connection.ts';
import type { Policy } from '../../../src/connection/state.ts';
import type { HubClient } from '../../../src/connection/hub-client.ts';
import { untilAborted } from '../../../src/lib/deadline.ts';
import type { Service } from '../../../src/lib/service.ts';
import { Secret } from '../../../src/lib/secret.ts';
import type { Credential } from '../../../src/provisioning/credential.ts';
import type { Assignment } from '../../../src/provisioning/dps-client.ts';
import { FakeClock, settle } from '../../fakes/fake-clock.ts';
import { FakeHub, FakeSession } from '../../fakes/fake-hub.ts';
import { RecordingLog } from '../../fakes/recording-log.ts';

const credential: Credential = {
  method: 'symmetric_key',
  name: 'primary',
  registrationId: 'd',
  key: new Secret('c2VjcmV0'),
};
const assignedTo = (hub: string): Assignment => ({
  assignedHub: hub,
  deviceId: 'd',
  assignedAt: '2026-01-01T00:00:00.000Z',
});

/** A clock that has nothing to do with any failure. */
const goodClock: ClockTrust = {
  settled: () => Promise.resolve(),
  begin: () => ({ temper: (error) => error, corrected: () => new Promise(() => undefined) }),
};

const policy: Policy = {
  retry: { initialMs: 1000, maximumMs: 60_000 },
  rejectedRetry: { initialMs: 300_000, maximumMs: 3_600_000 },
  reprovisionAfterFailures: 10,
  reprovisionAfterMs: 900_000,
  reprovisionSpreadMs: 0,
  dynamicReprovisioning: true,
  stableAfterMs: 60_000,
  credentials: ['primary'],
};

const forgetful: RegistrationStore = {
  load: () => Promise.resolve([]),
  add: () => Promise.resolve(),
  takeBack: () => Promise.resolve(),
};

describe('Connection', () => {
  let clock: FakeClock;
  let hub: FakeHub;
  let log: RecordingLog;
  let stop: AbortController;
  let running: Promise<void>;

  beforeEach(() => {
    clock = new FakeClock();
    hub = new FakeHub();
    log = new RecordingLog();
    stop = new AbortController();
    running = Promise.resolve();
  });

  afterEach(async () => {
    stop.abort();
    await running;
  });

  function start(over: Partial<ConnectionOptions> = {}): Promise<void> {
    running = connectionWith(over).run(stop.signal);
    return running;
  }

  function connectionWith(over: Partial<ConnectionOptions>): Connection {
    return new Connection({
      hub,
      generation: () => 0,
      clockTrust: goodClock,
      refused: () => undefined,
      identity: identityWith({}),
      registrations: forgetful,
      loadCredential: () => Promise.resolve(credential),
      sessionServices: () => Promise.resolve([]),
      policy,
      alwaysReprovisionOnStartup: false,
      clock,
      random: () => 0,
      log,
      ...over,
    });
  }

  function identityWith(over: Partial<IdentitySource>): IdentitySource {
    return {
      source: 'dps',
      doing: 'asking DPS',
      place: 'dps:8883',
      cached: () => Promise.resolve(undefined),
      register: () => Promise.resolve(assignedTo('one')),
      confirm: () => Promise.resolve(),
      ...over,
    };
  }

  it('registers, connects, and announces each state once', async () => {
    hub.willAnswer(new FakeSession());
    void start();
    await settle();
    assert.deepEqual(log.states, ['provisioning', 'connecting', 'connected']);
  });

  for (const [code, remembered] of [
    ['NET-DNS', 0],
    ['DPS-401', 1],
  ] as const) {
    it(`remembers ${remembered === 0 ? 'no' : 'a'} registration over a restart for ${code}`, async () => {
      let count = 0;
      const registrations: RegistrationStore = {
        load: () => Promise.resolve([]),
        add: () => Promise.resolve(void (count += 1)),
        takeBack: () => Promise.resolve(void (count -= 1)),
      };
      const register = (): Promise<never> => Promise.reject(new CloudError(code, 'register'));
      void start({ registrations, identity: identityWith({ register }) });
      await settle();
      assert.equal(count, remembered);
    });
  }

  it('tells why the first credential was refused, though the second has its turn at once', async () => {
    const refusals = [new CloudError('DPS-401', 'register')];
    const register = (): Promise<Assignment> => {
      const refusal = refusals.shift();
      return refusal === undefined ? Promise.resolve(assignedTo('one')) : Promise.reject(refusal);
    };
    hub.willAnswer(new FakeSession());
    void start({
      identity: identityWith({ register }),
      policy: { ...policy, credentials: ['primary', 'secondary'] },
    });
    await settle();
    const told = log.lines.find(({ fields }) => fields['code'] === 'DPS-401');
    assert.equal(told?.fields['credential'], 'primary');
    assert.match(told.message, /^the primary credential is refused, .*cannot register.* \[DPS-401\] – check/);
    assert.equal(log.states.at(-1), 'connected');
  });

  for (const [what, alwaysReprovisionOnStartup, expected] of [
    ['goes to the cached hub', false, ['cached']],
    ['asks DPS where that is wanted at each start', true, ['one']],
  ] as const) {
    it(`${what} once the credential can be read, which could not be at the start`, async () => {
      let isThere = false;
      hub.willAnswer(new FakeSession());
      void start({
        alwaysReprovisionOnStartup,
        identity: identityWith({ cached: () => Promise.resolve(assignedTo('cached')) }),
        loadCredential: () =>
          isThere
            ? Promise.resolve(credential)
            : Promise.reject(new CloudError('CERT-NOT-YET-VALID', 'use cert.pem')),
      });
      await settle();
      assert.equal(log.states.at(-1), 'waiting');
      isThere = true;
      await clock.advance(1000);
      assert.deepEqual(hub.connects, expected);
    });
  }

  it('asks DPS again as requested, out of the session that has gone on meanwhile', async () => {
    const answers = [undefined, new CloudError('DPS-429', 'register'), undefined];
    const triggers: string[] = [];
    const register: IdentitySource['register'] = (_credential, trigger) => {
      triggers.push(trigger);
      const refusal = answers.shift();
      return refusal === undefined ? Promise.resolve(assignedTo('two')) : Promise.reject(refusal);
    };
    hub.willAnswer(new FakeSession(), new FakeSession(), new FakeSession());
    const connection = connectionWith({ identity: identityWith({ register }) });
    running = connection.run(stop.signal);
    await settle();
    connection.requestReprovision('by an operator');
    await settle();
    await clock.advance(1000);
    assert.equal(log.states.at(-1), 'connected');
    await clock.advance(policy.rejectedRetry.initialMs);
    assert.deepEqual(triggers, ['no cached assignment', 'requested', 'requested']);
    assert.equal(log.states.at(-1), 'connected');
    await clock.advance(policy.rejectedRetry.maximumMs);
    assert.equal(triggers.length, 3);
  });

  describe('the trial of another certificate', () => {
    const never = new AbortController().signal;

    /** Connected, by a registration; what becomes of trials is written down. */
    async function connected(
      over: Partial<ConnectionOptions>,
    ): Promise<{ readonly connection: Connection; readonly trials: string[] }> {
      const trials: string[] = [];
      const onTrial: ConnectionOptions['onTrial'] = (doing, event) => {
        trials.push(`${doing}: ${event.name === 'failed' ? event.error.code : event.name}`);
      };
      const connection = connectionWith({ onTrial, ...over });
      running = connection.run(stop.signal);
      await settle();
      return { connection, trials };
    }

    it('is told step by step, as any other registration and attempt', async () => {
      hub.willAnswer(new FakeSession(), 'HUB-CONNACK-5', new FakeSession());
      const { connection, trials } = await connected({});
      await connection.prove(credential, never);
      assert.deepEqual(trials, ['connecting: HUB-CONNACK-5', 'provisioning: assigned', 'connecting: opened']);
    });

    it('asks DPS out of the same budget, and tells when that is spent', async () => {
      let asked = 0;
      const register = (): Promise<Assignment> => {
        asked += 1;
        return asked === 1
          ? Promise.resolve(assignedTo('one'))
          : Promise.reject(new CloudError('DPS-401', 'register'));
      };
      hub.willAnswer(new FakeSession(), ...Array<'HUB-CONNACK-5'>(4).fill('HUB-CONNACK-5'));
      const { connection } = await connected({ identity: identityWith({ register }) });
      const prove = (): Promise<void> => connection.prove(credential, never);
      await assert.rejects(prove, { code: 'DPS-401' });
      await assert.rejects(prove, { code: 'DPS-401' });
      await assert.rejects(prove, { code: 'DPS-BUDGET' });
      assert.equal(asked, 3);
      await clock.advance(60_000);
      await assert.rejects(prove, { code: 'DPS-401' });
    });
  });

  it('goes to the cached hub without asking DPS', async () => {
    hub.willAnswer(new FakeSession());
    void start({
      identity: identityWith({
        cached: () => Promise.resolve(assignedTo('cached')),
        register: () => Promise.reject(new Error('must not be asked')),
      }),
    });
    await settle();
    assert.deepEqual(hub.connects, ['cached']);
  });

  it('connects again after the session was lost, in a session of its own', async () => {
    const [first, second] = [new FakeSession(), new FakeSession()];
    hub.willAnswer(first, second);
    void start();
    await settle();
    await clock.advance(61_000);
    first.end('NET-RESET');
    await settle();
    assert.equal(first.isClosed, true);
    await clock.advance(1000);
    assert.equal(hub.connects.length, 2);
    assert.equal(log.states.at(-1), 'connected');
  });

  it('replaces a session whose token is due, without a wait', async () => {
    const first = new FakeSession();
    first.renewAfterMs = 5000;
    hub.willAnswer(first, new FakeSession());
    void start();
    await settle();
    await clock.advance(5000);
    assert.equal(first.isClosed, true);
    assert.deepEqual(log.states, ['provisioning', 'connecting', 'connected', 'connecting', 'connected']);
  });

  it('ends the session’s services before it closes the session, and begins none after a failure', async () => {
    const session = new FakeSession();
    hub.willAnswer('NET-DNS', session);
    const order: string[] = [];
    const service: Service = {
      name: 'probe',
      run: async (signal) => {
        order.push('begun');
        await new Promise<void>((resolve) => {
          signal.addEventListener('abort', () => {
            resolve();
          });
        });
        order.push(session.isClosed ? 'ended late' : 'ended');
      },
    };
    void start({ sessionServices: () => Promise.resolve([service]) });
    await settle();
    assert.deepEqual(order, []);
    await clock.advance(1000);
    session.end('HUB-CLOSED');
    await settle();
    assert.deepEqual(order, ['begun', 'ended']);
  });

  it('takes a service’s CloudError for the end of the session', async () => {
    hub.willAnswer(new FakeSession());
    const service: Service = {
      name: 'twin',
      run: () => Promise.reject(new CloudError('HUB-TWIN', 'fetch the twin')),
    };
    void start({ sessionServices: () => Promise.resolve([service]) });
    await settle();
    assert.equal(log.lines.at(-1)?.fields['code'], 'HUB-TWIN');
  });

  it('ends with the bug when a service fails with anything else, and closes the session', async () => {
    const session = new FakeSession();
    hub.willAnswer(session);
    const service: Service = { name: 'broken', run: () => Promise.reject(new TypeError('a bug')) };
    const ended = start({ sessionServices: () => Promise.resolve([service]) });
    running = Promise.resolve();
    await assert.rejects(ended, { name: 'TypeError', message: 'a bug' });
    assert.equal(session.isClosed, true);
  });

  it('closes a session that opens while the agent is stopping, and begins nothing in it', async () => {
    const session = new FakeSession();
    let open: (session: FakeSession) => void = () => undefined;
    hub.willAnswer(
      new Promise<FakeSession>((resolve) => {
        open = resolve;
      }),
    );
    let begun = false;
    const ended = start({
      sessionServices: () => {
        begun = true;
        return Promise.resolve([]);
      },
    });
    await settle();
    stop.abort();
    open(session);
    await ended;
    assert.equal(session.isClosed, true);
    assert.equal(begun, false);
    assert.equal(log.states.at(-1), 'stopped');
  });

  for (const [name, prepare] of [
    [
      'waiting',
      () => {
        hub.willAnswer('NET-REFUSED');
      },
    ],
    [
      'connected',
      () => {
        hub.willAnswer(new FakeSession());
      },
    ],
  ] as const) {
    it(`stops at once while ${name}`, async () => {
      prepare();
      const ended = start();
      await settle();
      assert.equal(log.states.at(-1), name);
      stop.abort();
      await ended;
      assert.deepEqual(clock.sleeping, []);
      assert.equal(log.states.at(-1), 'stopped');
    });
  }

  it('treats an unusable credential as a failure to wait out, and uses it once it is mended', async () => {
    let broken = true;
    hub.willAnswer(new FakeSession());
    void start({
      loadCredential: () =>
        broken ? Promise.reject(new CloudError('CERT-EXPIRED', 'use cert.pem')) : Promise.resolve(credential),
    });
    await settle();
    assert.equal(log.lines.at(-1)?.fields['code'], 'CERT-EXPIRED');
    broken = false;
    await clock.advance(300_000);
    assert.equal(log.states.at(-1), 'connected');
  });

  it('waits for the clock before the first attempt, but not for ever', async () => {
    hub.willAnswer(new FakeSession());
    let settleClock: () => void = () => undefined;
    const settled = new Promise<void>((resolve) => {
      settleClock = resolve;
    });
    void start({ clockTrust: { ...goodClock, settled: () => settled } });
    await settle();
    assert.equal(log.states.length, 0);
    settleClock();
    await settle();
    assert.equal(log.states.at(-1), 'connected');
  });

  it('goes by what the clock makes of a failure, and cuts its wait short when the clock is corrected', async () => {
    hub.willAnswer('HUB-CONNACK-5', new FakeSession());
    let correct: () => void = () => undefined;
    const corrected = new Promise<void>((resolve) => {
      correct = resolve;
    });
    const transient = new CloudError('HUB-CONNACK-3', 'connect');
    const attempt = { temper: () => transient, corrected: () => corrected };
    void start({ clockTrust: { ...goodClock, begin: () => attempt } });
    await settle();
    assert.equal(log.lines.at(-1)?.fields['code'], 'HUB-CONNACK-3');
    correct();
    await settle();
    assert.equal(log.states.at(-1), 'connected');
  });

  it('tells of a credential that was refused, and of no other failure', async () => {
    hub.willAnswer('NET-REFUSED', 'HUB-CONNACK-5');
    const refused: string[] = [];
    void start({ refused: (name) => refused.push(name) });
    await settle();
    assert.deepEqual(refused, []);
    await clock.advance(1000);
    assert.equal(refused.join(), 'primary');
  });

  describe('that is to connect anew', () => {
    let place: string;
    let registered: number;
    let confirmed: string[];
    const hubs = new Map<string, Assignment>();

    beforeEach(() => {
      place = 'one:8883';
      registered = 0;
      confirmed = [];
      hubs.clear();
      hubs.set('one:8883', assignedTo('one'));
    });

    /** Knows the hub of each place it has asked. */
    const identity: IdentitySource = {
      source: 'dps',
      doing: 'asking DPS',
      get place() {
        return place;
      },
      cached: () => Promise.resolve(hubs.get(place)),
      register: () => {
        registered += 1;
        const assignment = assignedTo(`hub-of-${place}`);
        hubs.set(place, assignment);
        return Promise.resolve(assignment);
      },
      confirm: (_, { assignedHub }) => {
        confirmed.push(assignedHub);
        return Promise.resolve();
      },
    };

    function run(over: Partial<ConnectionOptions> = {}): Connection {
      const connection = connectionWith({ identity, ...over });
      running = connection.run(stop.signal);
      return connection;
    }

    it('ends the session in order and opens another at the same hub, at once and without DPS', async () => {
      const [first, second] = [new FakeSession(), new FakeSession()];
      hub.willAnswer(first, second);
      const connection = run();
      await settle();
      connection.reconnect('the transport has changed');
      await settle();
      assert.equal(first.isClosed, true);
      assert.equal(second.isClosed, false);
      assert.deepEqual(log.states, ['connecting', 'connected', 'connecting', 'connected']);
      assert.deepEqual(hub.connects, ['one', 'one']);
      assert.equal(registered, 0);
      assert.ok(log.messages('info').includes('connecting anew: the transport has changed'));
    });

    it('ends a wait', async () => {
      hub.willAnswer('PROXY-UNREACHABLE', new FakeSession());
      const connection = run();
      await settle();
      assert.equal(log.states.at(-1), 'waiting');
      connection.reconnect('back to what worked');
      await settle();
      assert.equal(log.states.at(-1), 'connected');
      assert.deepEqual(clock.sleeping, [Infinity]);
    });

    it('breaks off an attempt', async () => {
      hub.willAnswer(new FakeSession());
      let attempts = 0;
      const slow: HubClient = {
        connect: (assignment, _, signal) => {
          attempts += 1;
          return attempts > 1 ? hub.connect(assignment) : untilAborted(new Promise(() => undefined), signal);
        },
      };
      const connection = run({ hub: slow });
      await settle();
      connection.reconnect('the attempt leads nowhere');
      await settle();
      assert.equal(log.states.at(-1), 'connected');
    });

    it('as soon as it runs, if asked before', async () => {
      hub.willAnswer(new FakeSession());
      const connection = connectionWith({ identity });
      connection.reconnect('early');
      running = connection.run(stop.signal);
      await settle();
      assert.equal(log.states.at(-1), 'connected');
      assert.equal(hub.connects.length, 1);
    });

    it('asks DPS once and the new way when that is wanted in the same moment, in whatever order', async () => {
      hub.willAnswer(new FakeSession(), new FakeSession());
      const connection = run();
      await settle();
      connection.requestReprovision('by the twin');
      connection.reconnect('by the twin');
      connection.credentialChanged();
      await settle();
      assert.equal(registered, 1);
      assert.deepEqual(hub.connects, ['one', 'hub-of-one:8883']);
    });

    it('keeps the failures before it: a trial wins no shorter waits', async () => {
      hub.willAnswer('NET-REFUSED', 'NET-REFUSED', 'NET-REFUSED');
      const connection = run({ random: () => 1 });
      await settle();
      await clock.advance(2000);
      connection.reconnect('another way');
      await settle();
      const delays = log.lines.flatMap(({ fields }) => ('delayMs' in fields ? [fields['delayMs']] : []));
      assert.deepEqual(delays, [2000, 4000, 8000]);
    });

    it('asks another DPS, and goes back to the hub of the one before without asking', async () => {
      hub.willAnswer(new FakeSession(), new FakeSession(), new FakeSession());
      const connection = run();
      await settle();
      place = 'two:8883';
      connection.reconnect('another endpoint');
      await settle();
      assert.equal(registered, 1);
      place = 'one:8883';
      connection.reconnect('the endpoint of before');
      await settle();
      assert.equal(registered, 1);
      assert.deepEqual(hub.connects, ['one', 'hub-of-two:8883', 'one']);
      assert.deepEqual(confirmed, hub.connects);
    });

    it('goes back from a DPS that does not answer', async () => {
      hub.willAnswer(new FakeSession(), new FakeSession());
      const unanswered: IdentitySource = {
        ...identity,
        get place() {
          return place;
        },
        register: () => Promise.reject(new CloudError('NET-DNS', 'register')),
      };
      const connection = run({ identity: unanswered });
      await settle();
      place = 'nowhere:8883';
      connection.reconnect('another endpoint');
      await settle();
      assert.equal(log.states.at(-1), 'waiting');
      place = 'one:8883';
      connection.reconnect('the endpoint of before');
      await settle();
      assert.equal(log.states.at(-1), 'connected');
      assert.deepEqual(hub.connects, ['one', 'one']);
    });

    it('asks another DPS at the next occasion even if nobody says that it is another one', async () => {
      const first = new FakeSession();
      hub.willAnswer(first, new FakeSession());
      run();
      await settle();
      place = 'two:8883';
      await settle();
      assert.equal(first.isClosed, false);
      first.end('NET-RESET');
      await settle();
      assert.equal(registered, 1);
      assert.deepEqual(hub.connects, ['one', 'hub-of-two:8883']);
    });

    it('remembers no hub for a DPS that has not named it', async () => {
      let open: (session: FakeSession) => void = () => undefined;
      hub.willAnswer(new Promise<FakeSession>((resolve) => (open = resolve)));
      run();
      await settle();
      place = 'two:8883';
      open(new FakeSession());
      await settle();
      assert.equal(log.states.at(-1), 'connected');
      assert.deepEqual(confirmed, []);
    });

    it('tells each session’s services by which settings it was opened', async () => {
      let generation = 3;
      let open: (session: FakeSession) => void = () => undefined;
      hub.willAnswer(new Promise<FakeSession>((resolve) => (open = resolve)), new FakeSession());
      const opened: number[] = [];
      const connection = run({
        generation: () => generation,
        sessionServices: (_session, _assignment, _credential, by) => {
          opened.push(by);
          return Promise.resolve([]);
        },
      });
      await settle();
      generation = 4;
      open(new FakeSession());
      await settle();
      connection.reconnect('new settings');
      await settle();
      assert.deepEqual(opened, [3, 4]);
    });
  });

  it('says in one line what it waits for, why, how long, and what to do', async () => {
    hub.willAnswer('HUB-CONNACK-3');
    void start();
    await settle();
    const line = log.lines.at(-1);
    assert.equal(line?.level, 'warn');
    assert.equal(
      line.message,
      'waiting 1.0 s before trying the hub again: cannot connect to one: the hub is unavailable (CONNACK 3) ' +
        '[HUB-CONNACK-3] – none: it is tried again; see the Azure status page if it lasts',
    );
  });
});
