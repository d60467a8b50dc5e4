import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CloudError } from '../../../src/cloud-error.ts';
import { initialState, quickLossesUntilDuplicate, transition } from '../../../src/connection/state.ts';
import type { Event, History, Policy, State } from '../../../src/connection/state.ts';

const policy: Policy = {
  retry: { initialMs: 1000, maximumMs: 60_000 },
  rejectedRetry: { initialMs: 300_000, maximumMs: 3_600_000 },
  reprovisionAfterFailures: 10,
  dynamicReprovisioning: true,
  stableAfterMs: 60_000,
};
const hubOne = { assignedHub: 'one', deviceId: 'd', assignedAt: '2026-01-01T00:00:00.000Z' };
const hubTwo = { ...hubOne, assignedHub: 'two' };
const calm: History = {
  known: hubOne,
  hubFailures: 0,
  dpsFailures: 0,
  refusals: 0,
  quickLosses: 0,
  askedDps: false,
};
const transient = new CloudError('NET-REFUSED', 'connect');
const refusal = new CloudError('HUB-CONNACK-5', 'connect');
const kicked = new CloudError('HUB-CLOSED', 'keep the session');
const half = (): number => 0.5;

function next(state: State, event: Event, over: Partial<Policy> = {}, random = half): State {
  return transition(state, event, { ...policy, ...over }, random);
}

const states = {
  provisioning: { name: 'provisioning', history: calm },
  connecting: { name: 'connecting', assignment: hubOne, history: calm },
  connected: { name: 'connected', assignment: hubOne, history: calm },
  waiting: { name: 'waiting', delayMs: 5, reason: transient, next: 'connecting', history: calm },
  stopped: { name: 'stopped' },
} satisfies { [Name in State['name']]: State & { name: Name } };

const events = {
  assigned: { name: 'assigned', assignment: hubTwo },
  opened: { name: 'opened' },
  failed: { name: 'failed', error: transient },
  lost: { name: 'lost', error: transient, uptimeMs: 20_000 },
  renewalDue: { name: 'renewalDue' },
  elapsed: { name: 'elapsed' },
  stop: { name: 'stop' },
} satisfies { [Name in Event['name']]: Event & { name: Name } };

/** Where every event leads from every state; the compiler refuses a pair left out. */
const table: Record<State['name'], Record<Event['name'], State['name']>> = {
  provisioning: {
    assigned: 'connecting',
    opened: 'provisioning',
    failed: 'waiting',
    lost: 'provisioning',
    renewalDue: 'provisioning',
    elapsed: 'provisioning',
    stop: 'stopped',
  },
  connecting: {
    assigned: 'connecting',
    opened: 'connected',
    failed: 'waiting',
    lost: 'connecting',
    renewalDue: 'connecting',
    elapsed: 'connecting',
    stop: 'stopped',
  },
  connected: {
    assigned: 'connected',
    opened: 'connected',
    failed: 'connected',
    lost: 'waiting',
    renewalDue: 'connecting',
    elapsed: 'connected',
    stop: 'stopped',
  },
  waiting: {
    assigned: 'waiting',
    opened: 'waiting',
    failed: 'waiting',
    lost: 'waiting',
    renewalDue: 'waiting',
    elapsed: 'connecting',
    stop: 'stopped',
  },
  stopped: {
    assigned: 'stopped',
    opened: 'stopped',
    failed: 'stopped',
    lost: 'stopped',
    renewalDue: 'stopped',
    elapsed: 'stopped',
    stop: 'stopped',
  },
};

describe('transition', () => {
  for (const state of Object.values(states)) {
    for (const event of Object.values(events)) {
      const expected = table[state.name][event.name];
      it(`${state.name} × ${event.name} → ${expected}`, () => {
        const result = next(state, event);
        assert.equal(result.name, expected);
        if (expected === state.name)
          assert.deepEqual(result, state, 'an unexpected event leaves the state untouched');
      });
    }
  }

  it('starts at the cached hub without DPS', () => {
    assert.deepEqual(initialState(hubOne, false), { name: 'connecting', assignment: hubOne, history: calm });
  });

  it('starts with DPS without a cache, or when the configuration wants it, keeping the cached hub to go back to', () => {
    assert.equal(initialState(undefined, false).name, 'provisioning');
    const asked = initialState(hubOne, true);
    assert.equal(asked.name, 'provisioning');
    const afterFailure = next(asked, { name: 'failed', error: transient });
    assert.equal(waiting(afterFailure).next, 'connecting');
  });

  it('goes where DPS says', () => {
    const state = next(states.provisioning, events.assigned);
    assert.deepEqual(state, {
      name: 'connecting',
      assignment: hubTwo,
      history: { ...calm, known: hubTwo, askedDps: true },
    });
  });
});

describe('network trouble', () => {
  it('waits longer with each failure in a row, between the floor and a ceiling that doubles up to the maximum', () => {
    const delays = (random: () => number): number[] => failInARow(12, random).map((state) => state.delayMs);
    assert.deepEqual(new Set(delays(() => 0)), new Set([1000]));
    const ceilings = delays(() => 1);
    assert.deepEqual(ceilings.slice(0, 6), [2000, 4000, 8000, 16_000, 32_000, 60_000]);
    assert.equal(Math.max(...ceilings), 60_000);
  });

  it('asks DPS after every tenth failure at one hub, and the same hub otherwise', () => {
    const nexts = failInARow(20).map((state) => state.next);
    assert.deepEqual(
      nexts.flatMap((where, index) => (where === 'provisioning' ? [index + 1] : [])),
      [10, 20],
    );
  });

  it('never asks DPS for it when dynamic re-provisioning is off', () => {
    const nexts = failInARow(20, half, { dynamicReprovisioning: false }).map((state) => state.next);
    assert.deepEqual(new Set(nexts), new Set(['connecting']));
  });

  it('takes the service’s retry-after as a floor', () => {
    const throttled = new CloudError('DPS-429', 'register', { retryAfterMs: 120_000 });
    const state = next(states.provisioning, { name: 'failed', error: throttled });
    assert.equal(waiting(state).delayMs, 120_000);
  });

  it('tries the hub last known when DPS is in trouble, and DPS again when there is none', () => {
    assert.equal(waiting(next(states.provisioning, events.failed)).next, 'connecting');
    const unknown = { ...states.provisioning, history: { ...calm, known: undefined } };
    const state = next(unknown, events.failed);
    assert.equal(waiting(state).next, 'provisioning');
    assert.equal(next(state, events.elapsed).name, 'provisioning');
  });

  it('forgets earlier failures after a session that proved health, and only then', () => {
    const troubled = { ...states.connected, history: { ...calm, hubFailures: 7, refusals: 2 } };
    const afterLong = waiting(next(troubled, { ...events.lost, uptimeMs: policy.stableAfterMs }));
    assert.deepEqual(afterLong.history, { ...calm, hubFailures: 1 });
    const afterShort = waiting(next(troubled, { ...events.lost, uptimeMs: policy.stableAfterMs - 1 }));
    assert.deepEqual(afterShort.history, { ...calm, hubFailures: 8, refusals: 2 });
  });
});

describe('refusal', () => {
  it('by the hub asks DPS at once', () => {
    assert.equal(next(states.connecting, { name: 'failed', error: refusal }).name, 'provisioning');
  });

  it('by DPS waits long, ever longer, at least half the ceiling, then tries the hub last known', () => {
    const error = new CloudError('DPS-401', 'register');
    let history = calm;
    const delays = [1, 2, 3, 4, 5, 6].map(() => {
      const state = waiting(next({ name: 'provisioning', history }, { name: 'failed', error }, {}, () => 0));
      history = state.history;
      assert.equal(state.next, 'connecting');
      return state.delayMs;
    });
    assert.deepEqual(delays, [150_000, 300_000, 600_000, 1_200_000, 1_800_000, 1_800_000]);
  });

  it('by DPS without a known hub waits long, then asks DPS', () => {
    const unknown = { ...states.provisioning, history: { ...calm, known: undefined } };
    const state = next(unknown, { name: 'failed', error: new CloudError('DPS-DISABLED', 'register') });
    assert.equal(next(state, events.elapsed).name, 'provisioning');
  });
});

describe('the three faults of first drafts', () => {
  it('two devices with one identity: “opened” does not reset the counters, and the third quick loss is named and waited out', () => {
    let state: State = states.connecting;
    const delays: number[] = [];
    const codes: string[] = [];
    for (let round = 0; round < 8; round += 1) {
      state = next(state, events.opened);
      state = next(state, { name: 'lost', error: kicked, uptimeMs: 800 });
      const wait = waiting(state);
      delays.push(wait.delayMs);
      codes.push(wait.reason.code);
      state = next(state, events.elapsed);
      assert.equal(state.name, 'connecting');
    }
    const [third, ...later] = codes.slice(quickLossesUntilDuplicate - 1);
    assert.equal(third, 'DUPLICATE-IDENTITY');
    assert.deepEqual(new Set(later), new Set(['DUPLICATE-IDENTITY']));
    assert.deepEqual(
      delays.slice(quickLossesUntilDuplicate - 1).map((ms) => ms / 1000),
      [45, 90, 180, 360, 720, 1440],
    );
  });

  it('assigned by DPS and refused by the hub: “assigned” resets nothing, and the second refusal is waited out', () => {
    let state: State = states.connecting;
    const waits: number[] = [];
    let asks = 0;
    for (let step = 0; step < 40; step += 1) {
      if (state.name === 'provisioning') asks += 1;
      if (state.name === 'waiting') waits.push(state.delayMs);
      state = next(state, replyOf(state));
    }
    assert.ok(asks <= waits.length + 1, `${asks} registrations with ${waits.length} long waits`);
    assert.ok(Math.min(...waits) >= policy.rejectedRetry.initialMs / 2);
    assert.ok(
      waits.every((ms, index) => index === 0 || ms >= (waits[index - 1] ?? 0)),
      'the waits never shrink',
    );
  });

  it('a quick loss by a broken network is not taken for another device', () => {
    let state: State = states.connecting;
    for (let round = 0; round < 6; round += 1) {
      state = next(state, events.opened);
      state = next(state, { name: 'lost', error: new CloudError('NET-RESET', 'x'), uptimeMs: 800 });
      assert.equal(waiting(state).reason.code, 'NET-RESET');
      state = next(state, events.elapsed);
    }
  });
});

/** The third fault, a session that opens while the agent is stopping, is the loop's: see connection.test.ts. */

function waiting(state: State): State & { name: 'waiting' } {
  assert.equal(state.name, 'waiting');
  return state;
}

function failInARow(
  times: number,
  random = half,
  over: Partial<Policy> = {},
): (State & { name: 'waiting' })[] {
  const waits: (State & { name: 'waiting' })[] = [];
  let history = calm;
  for (let count = 0; count < times; count += 1) {
    const state = waiting(
      next({ name: 'connecting', assignment: hubOne, history }, events.failed, over, random),
    );
    waits.push(state);
    history = state.history;
  }
  return waits;
}

/** DPS assigns, the hub refuses. */
function replyOf(state: State): Event {
  switch (state.name) {
    case 'provisioning':
      return { name: 'assigned', assignment: hubOne };
    case 'connecting':
      return { name: 'failed', error: refusal };
    case 'waiting':
      return { name: 'elapsed' };
    case 'connected':
    case 'stopped':
      throw new Error(`cannot be ${state.name} here`);
  }
}
