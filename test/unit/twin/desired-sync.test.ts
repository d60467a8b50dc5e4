import assert from 'node:assert/strict';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { CloudError } from '../../../src/cloud-error.ts';
import type { DesiredSyncOptions } from '../../../src/twin/desired-sync.ts';
import { valueAt } from '../../../src/twin/properties.ts';
import type { DesiredProperties } from '../../../src/twin/properties.ts';
import type { SavedValue } from '../../../src/twin/settings/saved-settings.ts';
import { LogLevels } from '../../../src/logging/log-levels.ts';
import { settle } from '../../fakes/fake-clock.ts';
import type { FakeSession } from '../../fakes/fake-hub.ts';
import { desiredWorld, refusal, refusedForGood } from './desired-world.ts';
import { config } from './settings/configured.ts';

const interval = ['telemetry', 'intervalSeconds'] as const;
const asking = ($version: number, intervalSeconds: unknown): DesiredProperties => ({
  telemetry: { intervalSeconds },
  $version,
});

/** Fails so many times, then does as it should. */
function failing<T>(times: number, error: Error, result: () => T): () => Promise<T> {
  let left = times;
  return () => (left-- > 0 ? Promise.reject(error) : Promise.resolve(result()));
}

/** A session that lasts until the test is over. */
async function start(
  test: TestContext,
  desired: DesiredProperties = { $version: 1 },
  prepare?: (session: FakeSession) => void,
  over?: Partial<DesiredSyncOptions>,
) {
  const world = await desiredWorld(test);
  const { session, sync, running, close } = world.open(desired, prepare, over);
  test.after(() => close().catch(() => undefined));
  return { world, session, sync, running, close };
}

/** Such a session, in which the twin asks for levels of the log for a time. */
async function lapsing(t: TestContext, log: Record<string, unknown>) {
  const world = await desiredWorld(t);
  const { clock, live } = world;
  const levels = new LogLevels(config.log, clock);
  levels.follow(
    () => live.current.log,
    () => live.configured.log,
  );
  const { session, close } = world.open({ log, $version: 5 }, undefined, { lapse: levels });
  t.after(close);
  return { world, session };
}

describe('DesiredSync and what holds for a time', () => {
  it('says that the time is over, once, and what holds since', async (t) => {
    const log = { level: 'debug', areas: { twin: 'warn' }, forSeconds: 600 };
    const { world, session } = await lapsing(t, log);
    const { clock } = world;
    await session.untilReports(1);
    assert.equal(world.at('log', 'level', 'ad'), 'applied');
    await clock.advance(5000);
    await settle();
    await clock.advance(601_000);
    await session.untilReports(2);
    const ad = 'applied; its time is over, and it is as configured again';
    assert.deepEqual(world.at('log', 'level'), { value: 'info', ac: 200, av: 5, ad });
    assert.deepEqual(world.at('log', 'areas'), { value: {}, ac: 200, av: 5, ad });
    assert.equal(world.at('log', 'forSeconds', 'ad'), 'applied');
    await clock.advance(3_600_000);
    assert.equal(session.reports.length, 2);
  });

  it('says so too when it was over before the twin had been read once more', async (t) => {
    const { world, session } = await lapsing(t, { level: 'debug', forSeconds: 3 });
    await session.untilReports(1);
    await world.clock.advance(5000);
    await session.untilReports(2);
    assert.match(String(world.at('log', 'level', 'ad')), /its time is over/);
    await world.clock.advance(3_600_000);
    assert.equal(session.reports.length, 2);
  });

  it('says what the files have by then, not what they had at the start', async (t) => {
    const { world, session } = await lapsing(t, { level: 'debug', forSeconds: 600 });
    await session.untilReports(1);
    world.store.rebase({ ...config, log: { ...config.log, level: 'error' } });
    await world.clock.advance(5000);
    await settle();
    await world.clock.advance(601_000);
    await session.untilReports(2);
    assert.equal(world.at('log', 'level', 'value'), 'error');
  });
});

describe('DesiredSync at the beginning of a session', () => {
  it('subscribes before it fetches, and then answers', async (t) => {
    const { session } = await start(t, asking(5, 10));
    await session.untilReports(1);
    assert.deepEqual(session.twinRequests, ['subscribe', 'fetch', 'report']);
  });

  it('reports nothing where nothing is asked for and nothing stands', async (t) => {
    const { session, sync, world } = await start(t);
    await sync.fetched;
    await settle();
    assert.deepEqual([session.reports, world.log.lines], [[], []]);
  });

  it('puts in force what is asked for, and acknowledges it as a component’s', async (t) => {
    const { session, world } = await start(t, asking(5, 10));
    await session.untilReports(1);
    assert.deepEqual(session.reports, [
      { telemetry: { __t: 'c', intervalSeconds: { value: 10, ac: 200, av: 5, ad: 'applied' } } },
    ]);
    assert.equal(world.store.state.settings['telemetry.intervalSeconds']?.version, 5);
    assert.deepEqual(world.log.messages('info'), [
      'the twin has changed the settings: telemetry.intervalSeconds is 10',
    ]);
  });

  it('does not repeat what the twin says already', async (t) => {
    const { session, world, close } = await start(t, asking(5, 10));
    await session.untilReports(1);
    await close();
    const again = world.open(asking(5, 10));
    await again.sync.fetched;
    await settle();
    await again.close();
    assert.deepEqual(again.session.reports, []);
  });

  it('hands on what was reported before', async (t) => {
    const world = await desiredWorld(t);
    world.reported = { agent: { version: '1' } };
    const { sync, close } = world.open();
    assert.deepEqual(await sync.fetched, { agent: { version: '1' } });
    await close();
  });

  it('removes acknowledgements of earlier sessions that nobody asks for any more, and nothing else', async (t) => {
    const world = await desiredWorld(t);
    const old = { value: 1, ac: 200, av: 3, ad: 'applied' };
    world.reported = {
      telemetry: { __t: 'c', intervalSeconds: old, color: { ac: 400, av: 3, ad: 'unknown' } },
      colour: { ac: 400, av: 3, ad: 'unknown' },
      agent: { version: '1' },
    };
    const { session, close } = world.open();
    await session.untilReports(1);
    await close();
    assert.deepEqual(world.reported, { telemetry: { __t: 'c' }, agent: { version: '1' } });
  });
});

describe('DesiredSync and what it acknowledges', () => {
  it('takes objects and lists whole, and leaves nothing of an earlier value', async (t) => {
    const inputs = { board: { figures: ['cpu', 'disk'] }, door: { enabled: false } };
    const { session, world } = await start(t, { telemetry: { inputs }, $version: 5 });
    await session.untilReports(1);
    assert.deepEqual(world.at('telemetry', 'inputs', 'value'), inputs);
    session.patch({ telemetry: { inputs: { board: { figures: ['load'] }, door: null } }, $version: 6 });
    await session.untilReports(2);
    assert.deepEqual(world.at('telemetry', 'inputs'), {
      value: { board: { figures: ['load'] } },
      ac: 200,
      av: 6,
      ad: 'applied',
    });
    assert.deepEqual(
      world.live.current.telemetry.inputs.map(({ enabled }) => enabled),
      [true, true, true],
    );
  });

  it('refuses a wrong value, says what holds, and leaves that as it is', async (t) => {
    const { session, world } = await start(t, asking(5, 10));
    await session.untilReports(1);
    session.patch(asking(6, 'often'));
    await session.untilReports(2);
    assert.deepEqual(world.at(...interval), {
      value: 10,
      ac: 400,
      av: 6,
      ad: 'intervalSeconds must be a whole number from 1 to 86400, not "often"',
    });
    assert.deepEqual(world.log.messages('warn'), [
      'the twin asks for what cannot be: telemetry.intervalSeconds must be a whole number from 1 to 86400, not "often"',
    ]);
  });

  it('answers each property by itself: one that is refused holds up no other', async (t) => {
    const { session, world } = await start(t, {
      telemetry: { __t: 'c', intervalSeconds: 0, drainRate: 5, drainrate: 6 },
      log: { level: 'debug' },
      $version: 5,
    });
    await session.untilReports(1);
    const codes = [interval, ['telemetry', 'drainRate'], ['telemetry', 'drainrate'], ['log', 'level']].map(
      (path) => world.at(...path, 'ac'),
    );
    assert.deepEqual(codes, [400, 200, 400, 200]);
    assert.equal(world.at('telemetry', 'drainrate', 'ad'), 'drainrate is unknown; did you mean drainRate?');
  });

  it('refuses what it does not know by its name, without its value', async (t) => {
    const { session, world } = await start(t, { telemetri: { a: 'secret' }, color: 'secret', $version: 5 });
    await session.untilReports(1);
    assert.deepEqual(world.reported, {
      telemetri: { ac: 400, av: 5, ad: 'telemetri is unknown; did you mean telemetry?' },
      color: {
        ac: 400,
        av: 5,
        ad: 'color is unknown; known here: telemetry, log, reporting, settings, connection, provisioning',
      },
    });
    session.patch({ telemetri: null, color: null, $version: 6 });
    await session.untilReports(2);
    assert.deepEqual(world.reported, {});
  });

  it('does not write over what the device says of itself', async (t) => {
    const world = await desiredWorld(t);
    world.reported = { provisioning: { hub: 'h' }, mine: { some: 1 } };
    const desired = { agent: 1, mine: 2, provisioning: { hub: 'x', other: 1 }, $version: 5 };
    const { session, close } = world.open(desired);
    await session.untilReports(1);
    await close();
    assert.deepEqual(session.reports.map(Object.keys), [['provisioning']]);
    assert.deepEqual([world.at('provisioning', 'hub'), world.at('provisioning', 'other', 'ac')], ['h', 400]);
    assert.equal(world.log.messages('warn').length, 4);
  });

  it('refuses a component that is no object, and leaves in force what is set in it', async (t) => {
    const { session, world } = await start(t, asking(5, 10));
    await session.untilReports(1);
    session.patch({ telemetry: 7, $version: 6 });
    await session.untilReports(2);
    assert.deepEqual(world.at('telemetry'), {
      __t: 'c',
      ac: 400,
      av: 6,
      ad: 'telemetry must be an object with properties such as intervalSeconds',
    });
    assert.ok('telemetry.intervalSeconds' in world.store.state.settings);
    session.patch(asking(7, 20));
    await session.untilReports(3);
    assert.deepEqual(world.at('telemetry'), {
      __t: 'c',
      intervalSeconds: { value: 20, ac: 200, av: 7, ad: 'applied' },
    });
  });

  it('shows no proxy, neither in the twin nor in the log', async (t) => {
    const proxy = 'http://user:hush@proxy.example:3128';
    const { session, world } = await start(t, { connection: { proxy }, $version: 5 });
    await session.untilReports(1);
    assert.deepEqual(world.at('connection', 'proxy', 'value'), '[secret]');
    assert.doesNotMatch(JSON.stringify([world.reported, world.log.lines, world.reconnects]), /hush|3128/);
  });

  it('keeps its answers small, however long what was asked for is', async (t) => {
    const strangers = Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`${n}${'x'.repeat(40)}`, n]));
    const { session, world } = await start(t, {
      ...strangers,
      telemetry: { intervalSeconds: 'x'.repeat(4096) },
      log: { level: { ['y'.repeat(1000)]: 1 } },
      $version: 5,
    });
    await session.untilReports(1);
    assert.ok(Buffer.byteLength(JSON.stringify(world.reported)) < 16 * 1024);
    assert.equal(Object.keys(world.reported).length, 22);
  });

  it('goes back to the configuration, and takes its answer back, when nothing is asked any more', async (t) => {
    const { session, world } = await start(t, asking(5, 10));
    await session.untilReports(1);
    session.patch(asking(6, null));
    await session.untilReports(2);
    assert.deepEqual(world.reported, { telemetry: { __t: 'c' } });
    assert.deepEqual(world.store.state.settings, {});
    assert.equal(
      world.log.messages('info').at(-1),
      'the twin has changed the settings: telemetry.intervalSeconds is as configured',
    );
  });

  it('acts after its answer has been taken', async (t) => {
    const order: string[] = [];
    const acknowledgement = {
      provisioning: { reprovision: { value: 'a', ac: 200, av: 5, ad: 'DPS is asked again' } },
    };
    const { session } = await start(
      t,
      { provisioning: { reprovision: 'a' }, $version: 5 },
      (twin) => {
        twin.onReport = () => {
          order.push('report');
          return Promise.resolve();
        };
      },
      { reprovision: { answer: () => Promise.resolve({ acknowledgement, act: () => order.push('act') }) } },
    );
    await session.untilReports(1);
    await settle();
    assert.deepEqual(session.reports, [{ provisioning: { __t: 'c', ...acknowledgement.provisioning } }]);
    assert.deepEqual(order, ['report', 'act']);
  });
});

describe('DesiredSync following patches', () => {
  it('answers those that come together once, with the last version', async (t) => {
    const { session, world } = await start(t, asking(1, 10));
    await session.untilReports(1);
    for (const version of [2, 3, 4]) session.patch(asking(version, version * 10));
    await session.untilReports(2);
    assert.deepEqual(world.at(...interval), { value: 40, ac: 200, av: 4, ad: 'applied' });
  });

  it('acknowledges with the version of a patch that is about something else', async (t) => {
    const { session, world } = await start(t, asking(5, 10));
    await session.untilReports(1);
    session.patch({ log: { level: 'warn' }, $version: 6 });
    await session.untilReports(2);
    assert.equal(world.at(...interval, 'av'), 6);
  });

  it('takes no notice of what it knows already', async (t) => {
    const { session, world } = await start(t, asking(5, 10));
    await session.untilReports(1);
    session.patch(asking(5, 50));
    session.patch(asking(4, 40));
    session.patch(asking(6, 20));
    await session.untilReports(2);
    assert.deepEqual([world.at(...interval, 'value'), world.at(...interval, 'av')], [20, 6]);
  });

  it('misses no patch that comes while it fetches', async (t) => {
    const { session, world } = await start(t, asking(1, 1), (twin) => {
      twin.onFetch = () => {
        twin.patch(asking(6, 20));
        return Promise.resolve(asking(5, 10));
      };
    });
    while (world.at(...interval, 'av') !== 6) await session.untilReports(session.reports.length + 1);
    assert.equal(world.at(...interval, 'value'), 20);
  });

  it('does not go back to a document that a patch has overtaken while it was fetched', async (t) => {
    const { session, world } = await start(t, asking(1, 10));
    await session.untilReports(1);
    session.desired = asking(2, 20);
    session.patch(session.desired);
    await session.untilReports(2);
    session.onFetch = () => {
      session.patch(asking(3, 30));
      return settle().then(() => asking(2, 20));
    };
    await world.clock.untilSomebodySleeps();
    await world.clock.advance(5000);
    await session.untilReports(3);
    await settle();
    const values = session.reports.map((report) => valueAt(report, ...interval, 'value'));
    assert.deepEqual(values, [10, 20, 30]);
  });

  it('does not go back to a patch that the fetched document already holds', async (t) => {
    const { session, world } = await start(t, asking(1, 1), (twin) => {
      twin.onFetch = () => {
        twin.patch(asking(6, 20));
        return Promise.resolve(asking(7, 30));
      };
    });
    await session.untilReports(1);
    await settle();
    assert.deepEqual([world.at(...interval, 'value'), world.at(...interval, 'av')], [30, 7]);
  });

  it('fetches again where patches are missing, and goes on from there', async (t) => {
    const { session, world } = await start(t, asking(5, 10));
    await session.untilReports(1);
    session.desired = asking(9, 90);
    session.patch({ log: { level: 'warn' }, $version: 9 });
    await session.untilReports(2);
    session.patch(asking(10, 100));
    await session.untilReports(3);
    assert.equal(world.at(...interval, 'value'), 100);
    assert.deepEqual(session.twinRequests, ['subscribe', 'fetch', 'report', 'fetch', 'report', 'report']);
  });

  it('reads the twin once more when patches have stopped: a replacement does not say what it removed', async (t) => {
    const both = { telemetry: { intervalSeconds: 10, drainRate: 5 }, $version: 5 };
    const { session, world } = await start(t, both);
    await session.untilReports(1);
    session.desired = asking(6, 20);
    session.patch(asking(6, 20));
    await session.untilReports(2);
    assert.equal(world.at('telemetry', 'drainRate', 'ac'), 200);
    await world.clock.untilSomebodySleeps();
    await world.clock.advance(4999);
    assert.equal(session.twinRequests.filter((request) => request === 'fetch').length, 1);
    session.reported = world.reported;
    await world.clock.advance(1);
    await session.untilReports(3);
    assert.deepEqual(Object.keys(world.at('telemetry') as object), ['__t', 'intervalSeconds']);
    assert.equal(world.live.current.telemetry.drainRatePerSecond, 20);
    assert.deepEqual(world.clock.sleeping, []);
  });

  it('reads it once a burst, and not without one', async (t) => {
    const { session, world } = await start(t, asking(1, 10));
    await session.untilReports(1);
    await world.clock.advance(3_600_000);
    for (const version of [2, 3, 4]) {
      session.desired = asking(version, version * 10);
      session.patch(session.desired);
      await session.untilReports(version);
      await world.clock.untilSomebodySleeps();
      await world.clock.advance(3000);
    }
    session.reported = world.reported;
    await world.clock.advance(3_600_000);
    assert.equal(session.twinRequests.filter((request) => request === 'fetch').length, 2);
    assert.equal(session.reports.length, 4);
  });
});

describe('DesiredSync without a place to save', () => {
  const block = async (directory: string): Promise<void> => {
    await rm(directory, { recursive: true, force: true });
    await writeFile(directory, 'not a directory');
  };

  it('acknowledges with 500, says why in twin and log, and leaves what holds', async (t) => {
    const { world, session } = await start(t);
    await block(world.directory);
    session.patch(asking(2, 10));
    await session.untilReports(1);
    const { value, ac, av, ad } = world.at(...interval) as Record<string, unknown>;
    assert.deepEqual([value, ac, av], [60, 500, 2]);
    assert.match(String(ad), /^cannot save the settings: .*(ENOTDIR|EEXIST)/);
    assert.deepEqual(world.log.messages('error'), [ad]);
  });

  it('puts in force with the next patch what it could not save with the last', async (t) => {
    const { world, session } = await start(t);
    await block(world.directory);
    session.patch(asking(2, 10));
    await session.untilReports(1);
    await rm(world.directory);
    await mkdir(world.directory);
    session.patch({ color: 'red', $version: 3 });
    await session.untilReports(2);
    assert.deepEqual(world.at(...interval), { value: 10, ac: 200, av: 3, ad: 'applied' });
  });
});

describe('DesiredSync refused by the hub', () => {
  it('asks again, says the first refusal, and that it is over', async (t) => {
    const { world, session } = await start(t, asking(5, 10), (twin) => {
      twin.onFetch = failing(3, refusal('status 429'), () => asking(5, 10));
    });
    await world.clock.advance(15_000);
    await session.untilReports(1);
    assert.deepEqual(
      world.log.lines.slice(0, 2).map(({ level, message }) => `${level}: ${message}`),
      [
        'warn: cannot fetch the twin: the hub refused or did not answer a twin request: status 429',
        'info: could fetch the twin after 3 refusals',
      ],
    );
  });

  it('asks ever more rarely, at most every five minutes', async (t) => {
    const { world } = await start(
      t,
      asking(5, 10),
      (twin) => {
        twin.onFetch = failing(Infinity, refusal('status 429'), () => asking(5, 10));
      },
      { random: () => 1 },
    );
    const waits: number[] = [];
    await settle();
    for (let attempt = 0; attempt < 9; attempt += 1) {
      const [ms = 0] = world.clock.sleeping;
      waits.push(ms / 1000);
      await world.clock.advance(ms);
    }
    assert.deepEqual(waits, [10, 20, 40, 80, 160, 300, 300, 300, 300]);
  });

  it('repeats a report until it is accepted', async (t) => {
    const { world, session } = await start(t, asking(5, 10), (twin) => {
      twin.onReport = failing(2, refusal('status 503'), () => undefined);
    });
    await world.clock.untilSomebodySleeps();
    await world.clock.advance(10_000);
    await session.untilReports(1);
    assert.equal(world.at(...interval, 'ac'), 200);
  });

  it('goes on without an answer that the hub will never take, says so once, and gives the others', async (t) => {
    const { world, session } = await start(
      t,
      { telemetry: { intervalSeconds: 10, drainRate: 5 }, log: { level: 'warn' }, $version: 5 },
      (twin) => {
        twin.onReport = (properties) =>
          JSON.stringify(properties).includes('drainRate')
            ? Promise.reject(refusedForGood)
            : Promise.resolve();
      },
    );
    await session.untilReports(2);
    session.patch({ telemetry: { intervalSeconds: 20 }, $version: 6 });
    while (world.at(...interval, 'av') !== 6) await session.untilReports(session.reports.length + 1);
    assert.deepEqual(
      [world.at('telemetry', 'drainRate'), world.at('log', 'level', 'ac'), world.at(...interval, 'value')],
      [undefined, 200, 20],
    );
    assert.equal(world.log.messages('warn').length, 1);
    assert.match(world.log.messages('warn').join(), /status 400.*: telemetry\.drainRate is left out$/);
  });
});

describe('DesiredSync and the connection’s settings', () => {
  const wanted = { connection: { transport: 'mqtt_ws', keepAliveSeconds: 25 }, $version: 5 };

  it('tries them: in force, acknowledged as such, and then a new connection is asked for', async (t) => {
    const { world, session } = await start(t, wanted);
    await session.untilReports(1);
    await settle();
    assert.deepEqual(world.at('connection', 'transport'), {
      value: 'mqtt_ws',
      ac: 202,
      av: 5,
      ad: 'being tried: kept if connected again within 5m',
    });
    assert.equal(world.live.current.connection.transport, 'mqtt_ws');
    assert.equal(world.store.state.connection.name, 'trying');
    assert.match(world.reconnects.join(), /connection\.transport/);
  });

  it('keeps them once a session has opened with them and the hub has taken a report in it', async (t) => {
    const { world, session, close } = await start(t, wanted);
    await session.untilReports(1);
    await settle();
    await close();
    const second = world.open(wanted);
    await second.session.untilReports(2);
    await second.close();
    assert.deepEqual(
      second.session.reports.map((report) => /"ac":(\d+)/.exec(JSON.stringify(report))?.[1]),
      ['202', '200'],
    );
    assert.equal(world.store.state.connection.name, 'settled');
    assert.equal(world.at('connection', 'transport', 'ad'), 'applied');
    assert.equal(world.reconnects.length, 1);
  });

  it('does not take the session in which they were asked for as a proof', async (t) => {
    const { world, session } = await start(t, wanted);
    await session.untilReports(1);
    session.patch({ log: { level: 'warn' }, $version: 6 });
    await session.untilReports(2);
    await settle();
    assert.equal(world.store.state.connection.name, 'trying');
    assert.equal(world.at('connection', 'transport', 'ac'), 202);
  });

  it('does not wait long for a hub that takes no reports', async (t) => {
    const { world } = await start(t, wanted, (twin) => {
      twin.onReport = failing(Infinity, refusal('status 429'), () => undefined);
    });
    await world.clock.untilSomebodySleeps();
    await world.clock.advance(10_000);
    assert.equal(world.reconnects.length, 1);
  });

  it('says in the next session that they were reverted, and does not try the same again', async (t) => {
    const { world, session, close } = await start(t, wanted);
    await session.untilReports(1);
    await settle();
    await close();
    const { connection } = world.store.state;
    assert.ok(connection.name === 'trying');
    const { confirmed, wanted: refused } = connection;
    const why = 'not connected within 5m';
    await world.store.update((state) => ({
      ...state,
      connection: { name: 'reverted', confirmed, refused, why },
    }));
    const second = world.open(wanted);
    await second.session.untilReports(1);
    assert.deepEqual(world.at('connection', 'transport'), {
      value: 'auto',
      ac: 500,
      av: 5,
      ad: 'reverted: not connected within 5m',
    });
    assert.equal(world.reconnects.length, 1);
    second.session.patch({ connection: { transport: 'mqtt' }, $version: 6 });
    await second.session.untilReports(2);
    assert.equal(world.at('connection', 'transport', 'ac'), 202);
    await settle();
    await second.close();
    assert.equal(world.reconnects.length, 2);
  });

  it('takes them back only where they were asked for: the twin of another hub that asks for none leaves them', async (t) => {
    const { world, session, close } = await start(t, wanted);
    await session.untilReports(1);
    await settle();
    await close();
    const elsewhere = world.open({ $version: 1 }, undefined, { hub: 'two' });
    await elsewhere.session.untilReports(2);
    await elsewhere.close();
    const { transport, keepAliveMs } = world.live.current.connection;
    assert.deepEqual([transport, keepAliveMs], ['mqtt_ws', 25_000]);
    assert.equal(world.store.state.connection.name, 'settled');
    assert.equal(world.reconnects.length, 1);
  });

  it('takes them back at another hub once they are asked for there, one by one', async (t) => {
    const world = await desiredWorld(t);
    const at = (version: number, hub: string): SavedValue => ({ value: 'mqtt_ws', version, hub });
    const confirmed = { 'connection.transport': at(1, 'one') };
    await world.store.update((state) => ({ ...state, connection: { name: 'settled', confirmed } }));
    const { session, close } = world.open({ connection: { transport: 'mqtt_ws' }, $version: 7 }, undefined, {
      hub: 'two',
    });
    await session.untilReports(1);
    assert.equal(world.reconnects.length, 0, 'it is in force already');
    assert.deepEqual(world.store.state.connection, {
      name: 'settled',
      confirmed: { 'connection.transport': at(7, 'two') },
    });
    session.patch({ connection: { transport: null }, $version: 8 });
    await session.untilReports(2);
    await settle();
    await close();
    assert.equal(world.live.current.connection.transport, 'auto');
    assert.equal(world.reconnects.length, 1);
  });

  it('tries what is no longer asked for too: it may be what the connection needs', async (t) => {
    const world = await desiredWorld(t);
    const confirmed = { 'connection.transport': { value: 'mqtt_ws', version: 1 } };
    await world.store.update((state) => ({ ...state, connection: { name: 'settled', confirmed } }));
    const { session, close } = world.open({ $version: 5 });
    await session.untilReports(1);
    await settle();
    await close();
    assert.equal(world.store.state.connection.name, 'trying');
    assert.equal(world.at('connection', 'transport', 'ac'), 202);
    const second = world.open({ $version: 5 });
    await second.session.untilReports(2);
    await second.close();
    assert.deepEqual(world.reported, { connection: { __t: 'c' } });
  });
});

describe('DesiredSync and the end', () => {
  it('stops at once while it waits for patches', async (t) => {
    const { sync, close } = await start(t);
    await sync.fetched;
    await close();
  });

  it('stops at once while it waits to ask again, and leaves no timer', async (t) => {
    const { world, close } = await start(t, asking(5, 10), (twin) => {
      twin.onFetch = failing(Infinity, refusal('status 429'), () => asking(5, 10));
    });
    await world.clock.untilSomebodySleeps();
    await close();
    assert.deepEqual(world.clock.sleeping, []);
  });

  for (const [request, fail] of [
    ['a fetch', (twin: FakeSession, error: Error) => (twin.onFetch = () => Promise.reject(error))],
    ['a report', (twin: FakeSession, error: Error) => (twin.onReport = () => Promise.reject(error))],
  ] as const) {
    it(`ends with the session when ${request} fails because that is over`, async (t) => {
      const lost = new CloudError('NET-RESET', 'keep the session');
      const { running } = await start(t, asking(5, 10), (twin) => {
        fail(twin, lost);
      });
      await assert.rejects(running, (error) => error === lost);
    });

    it(`ends with a bug in ${request}`, async (t) => {
      const { running } = await start(t, asking(5, 10), (twin) => {
        fail(twin, new TypeError('a bug'));
      });
      await assert.rejects(running, { name: 'TypeError' });
    });
  }
});
