import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CloudError } from '../../../src/cloud-error.ts';
import { fullBudget } from '../../../src/connection/registration-budget.ts';
import {
  initialState,
  quickLossesUntilDuplicate,
  requestDueAfterMs,
  transition,
} from '../../../src/connection/state.ts';
import type { Context, Event, History, Policy, State } from '../../../src/connection/state.ts';
import { connectsOfTwo } from '../../simulation/duplicates.ts';
import { generator } from '../../simulation/stampede.ts';

const policy: Policy = {
  retry: { initialMs: 1000, maximumMs: 60_000 },
  rejectedRetry: { initialMs: 300_000, maximumMs: 3_600_000 },
  reprovisionAfterFailures: 10,
  reprovisionAfterMs: 900_000,
  reprovisionSpreadMs: 60_000,
  dynamicReprovisioning: true,
  stableAfterMs: 60_000,
  credentials: ['primary'],
};
const hubOne = { assignedHub: 'one', deviceId: 'd', assignedAt: '2026-01-01T00:00:00.000Z' };
const hubTwo = { ...hubOne, assignedHub: 'two' };
const nowMs = 1_000_000;
const calm: History = {
  known: hubOne,
  working: 'primary',
  hubFailures: 0,
  dpsFailures: 0,
  refusals: 0,
  quickLosses: 0,
  askedDps: false,
  otherRefused: false,
  budget: fullBudget(nowMs),
  trigger: 'no cached assignment',
  requestOwed: false,
};
const transient = new CloudError('NET-REFUSED', 'connect');
const refusal = new CloudError('HUB-CONNACK-5', 'connect');
const kicked = new CloudError('HUB-CLOSED', 'keep the session');
const half = (): number => 0.5;

function contextWith(over: Partial<Policy> = {}, random = half, atMs = nowMs): Context {
  return { policy: { ...policy, ...over }, random, nowMs: atMs };
}

function next(state: State, event: Event, over: Partial<Policy> = {}, random = half): State {
  return transition(state, event, contextWith(over, random));
}

const states = {
  provisioning: { name: 'provisioning', credential: 'primary', history: calm },
  connecting: { name: 'connecting', assignment: hubOne, credential: 'primary', history: calm },
  connected: { name: 'connected', assignment: hubOne, credential: 'primary', history: calm },
  waiting: { name: 'waiting', delayMs: 5, reason: transient, next: 'connecting', history: calm },
  stopped: { name: 'stopped' },
} satisfies { [Name in State['name']]: Extract<State, { name: Name }> };

const events = {
  assigned: { name: 'assigned', assignment: hubTwo },
  remembered: { name: 'remembered', assignment: hubTwo },
  opened: { name: 'opened' },
  failed: { name: 'failed', error: transient },
  lost: { name: 'lost', error: transient, uptimeMs: 20_000 },
  renewalDue: { name: 'renewalDue' },
  elapsed: { name: 'elapsed' },
  reprovision: { name: 'reprovision' },
  credentialChanged: { name: 'credentialChanged' },
  wayChanged: { name: 'wayChanged', uptimeMs: 20_000 },
  sourceChanged: { name: 'sourceChanged', cached: hubTwo, credential: 'primary' },
  askedBeside: { name: 'askedBeside' },
  stop: { name: 'stop' },
} satisfies { [Name in Event['name']]: Event & { name: Name } };

/** Where every event leads from every state; the compiler refuses a pair left out. */
const table: Record<State['name'], Record<Event['name'], State['name']>> = {
  provisioning: {
    assigned: 'connecting',
    remembered: 'connecting',
    opened: 'provisioning',
    failed: 'waiting',
    lost: 'provisioning',
    renewalDue: 'provisioning',
    elapsed: 'provisioning',
    reprovision: 'provisioning',
    credentialChanged: 'provisioning',
    wayChanged: 'provisioning',
    sourceChanged: 'connecting',
    askedBeside: 'provisioning',
    stop: 'stopped',
  },
  connecting: {
    assigned: 'connecting',
    remembered: 'connecting',
    opened: 'connected',
    failed: 'waiting',
    lost: 'connecting',
    renewalDue: 'connecting',
    elapsed: 'connecting',
    reprovision: 'provisioning',
    credentialChanged: 'connecting',
    wayChanged: 'connecting',
    sourceChanged: 'connecting',
    askedBeside: 'connecting',
    stop: 'stopped',
  },
  connected: {
    assigned: 'connected',
    remembered: 'connected',
    opened: 'connected',
    failed: 'connected',
    lost: 'waiting',
    renewalDue: 'connecting',
    elapsed: 'connected',
    reprovision: 'provisioning',
    credentialChanged: 'connecting',
    wayChanged: 'connecting',
    sourceChanged: 'connecting',
    askedBeside: 'connected',
    stop: 'stopped',
  },
  waiting: {
    assigned: 'waiting',
    remembered: 'waiting',
    opened: 'waiting',
    failed: 'waiting',
    lost: 'waiting',
    renewalDue: 'waiting',
    elapsed: 'connecting',
    reprovision: 'provisioning',
    credentialChanged: 'connecting',
    wayChanged: 'connecting',
    sourceChanged: 'connecting',
    askedBeside: 'waiting',
    stop: 'stopped',
  },
  stopped: {
    assigned: 'stopped',
    remembered: 'stopped',
    opened: 'stopped',
    failed: 'stopped',
    lost: 'stopped',
    renewalDue: 'stopped',
    elapsed: 'stopped',
    reprovision: 'stopped',
    credentialChanged: 'stopped',
    wayChanged: 'stopped',
    sourceChanged: 'stopped',
    askedBeside: 'stopped',
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
        // Another DPS is a new beginning wherever it finds the agent, and whoever asks one costs the budget.
        if (expected === state.name && event.name !== 'sourceChanged' && event.name !== 'askedBeside')
          assert.deepEqual(result, state, 'an unexpected event leaves the state untouched');
      });
    }
  }

  it('does not forget a request that DPS had no answer to, until it has one', () => {
    const asked = next(states.connected, events.reprovision);
    const wait = waiting(next(asked, { name: 'failed', error: new CloudError('DPS-429', 'register') }));
    assert.equal(wait.next, 'connecting', 'the hub goes on being used');
    const back = next(next(wait, events.elapsed), events.opened);
    assert.ok(back.name === 'connected');
    const due = requestDueAfterMs(back.history, contextWith());
    assert.equal(due, policy.rejectedRetry.initialMs * 0.75);
    const renewed = next(next(back, events.renewalDue), events.opened);
    assert.ok(renewed.name === 'connected' && renewed.history.requestOwed);
    const answered = next(next(renewed, events.reprovision), events.assigned);
    assert.ok(answered.name === 'connecting');
    assert.equal(requestDueAfterMs(answered.history, contextWith()), undefined);
  });

  it('owes nobody a registration that nobody requested, or that DPS has refused', () => {
    const unasked = waiting(next(states.provisioning, events.failed));
    const history: History = { ...calm, trigger: 'requested', requestOwed: true };
    const error = new CloudError('DPS-DISABLED', 'register');
    const refused = waiting(next({ ...states.provisioning, history }, { name: 'failed', error }));
    assert.deepEqual([unasked.history.requestOwed, refused.history.requestOwed], [false, false]);
  });

  it('goes to a hub that is remembered after all, and has the registration back that was not needed', () => {
    const history = { ...calm, known: undefined, budget: { tokens: 1, atMs: nowMs } };
    const after = next({ ...states.provisioning, history }, events.remembered);
    assert.ok(after.name === 'connecting');
    assert.deepEqual(after.assignment, hubTwo);
    assert.deepEqual([after.history.known, after.history.budget.tokens], [hubTwo, 2]);
    assert.equal(after.history.askedDps, false, 'a refusal by that hub is news to DPS');
  });

  it('lets a registration beside the connection cost what one of its own does, and nothing else', () => {
    for (const state of [states.provisioning, states.connecting, states.connected, states.waiting]) {
      const budget = { tokens: 2, atMs: nowMs };
      assert.deepEqual(next(state, events.askedBeside), { ...state, history: { ...calm, budget } });
    }
  });

  for (const code of ['CERT-EXPIRED', 'KEY-UNUSABLE', 'PROXY-407'] as const) {
    it(`does not take ${code}, with which nothing was sent, for a refusal by the hub: DPS is left alone`, () => {
      const error = new CloudError(code, 'connect');
      const wait = waiting(next(states.connecting, { name: 'failed', error }));
      assert.deepEqual([wait.next, wait.history.trigger], ['connecting', calm.trigger]);
      assert.ok(wait.delayMs >= policy.rejectedRetry.initialMs / 2);
    });
  }

  for (const code of ['KEY-UNUSABLE', 'PROXY-407'] as const) {
    it(`does not wait ever longer for what a person mends on the device: ${code}`, () => {
      const error = new CloudError(code, 'connect');
      const history = { ...calm, refusals: 20 };
      const wait = waiting(next({ ...states.connecting, history }, { name: 'failed', error }));
      assert.ok(wait.delayMs <= policy.rejectedRetry.initialMs);
    });
  }

  const start = {
    cached: hubOne,
    credential: 'primary',
    alwaysReprovision: false,
    budget: calm.budget,
  } as const;

  it('starts at the cached hub without DPS', () => {
    const state = initialState(start, contextWith());
    assert.deepEqual(state, {
      name: 'connecting',
      assignment: hubOne,
      credential: 'primary',
      history: { ...calm, trigger: 'configured' },
    });
  });

  it('starts with DPS without a cache, or when the configuration wants it, keeping the cached hub to go back to', () => {
    assert.equal(initialState({ ...start, cached: undefined }, contextWith()).name, 'provisioning');
    const asked = initialState({ ...start, alwaysReprovision: true }, contextWith());
    assert.equal(asked.name, 'provisioning');
    const afterFailure = next(asked, { name: 'failed', error: transient });
    assert.equal(waiting(afterFailure).next, 'connecting');
  });

  it('starts with the credential that was cached for, and with a wait when DPS was asked too often of late', () => {
    const second = initialState({ ...start, credential: 'secondary' }, contextWith());
    assert.equal(second.name === 'connecting' && second.credential, 'secondary');
    const spent = { tokens: 0.5, atMs: nowMs };
    const state = waiting(
      initialState(
        { ...start, cached: undefined, budget: spent },
        contextWith({}, () => 0),
      ),
    );
    assert.equal(state.reason.code, 'DPS-BUDGET');
    assert.equal(state.delayMs, 30_000);
  });

  it('goes where DPS says', () => {
    const state = next(states.provisioning, events.assigned);
    assert.deepEqual(state, {
      name: 'connecting',
      assignment: hubTwo,
      credential: 'primary',
      history: { ...calm, known: hubTwo, askedDps: true },
    });
  });

  it('asks DPS on request from wherever it is, with the first credential and within the budget', () => {
    const state = next({ ...states.connected, credential: 'secondary' }, events.reprovision);
    assert.equal(state.name === 'provisioning' && state.credential, 'primary');
    const spent = { ...calm, budget: { tokens: 0, atMs: nowMs } };
    const wait = waiting(next({ ...states.connected, history: spent }, events.reprovision));
    assert.equal(wait.reason.code, 'DPS-BUDGET');
    assert.equal(wait.next, 'provisioning');
  });
});

describe('another way to the hub', () => {
  const { wayChanged } = events;
  const troubled: History = { ...calm, hubFailures: 7, dpsFailures: 1, refusals: 2, troubleSinceMs: nowMs };

  it('is tried at the same hub with the same credential, and the failures before it count on', () => {
    for (const state of [states.connected, states.connecting])
      assert.deepEqual(next({ ...state, credential: 'secondary', history: troubled }, wayChanged), {
        ...states.connecting,
        credential: 'secondary',
        history: troubled,
      });
  });

  it('follows a session that proved health with nothing wrong behind it', () => {
    const stable = { ...wayChanged, uptimeMs: policy.stableAfterMs };
    const state = next({ ...states.connected, history: troubled }, stable);
    assert.deepEqual(state, { ...states.connecting, history: calm });
  });

  it('ends a wait, however long it was, at the hub last known and with the credential that last worked', () => {
    const history: History = { ...troubled, working: 'secondary', askedDps: true };
    const waits = [
      { ...states.waiting, history },
      { ...states.waiting, delayMs: 3_600_000, reason: refusal, next: 'provisioning', history } as const,
    ];
    for (const wait of waits)
      assert.deepEqual(next(wait, wayChanged), { ...states.connecting, credential: 'secondary', history });
  });

  it('is tried before DPS is asked for the failures by the way before, and not before anything else is', () => {
    const asking = {
      ...states.provisioning,
      history: { ...troubled, trigger: 'failures at the hub' },
    } as const;
    assert.deepEqual(next(asking, wayChanged), { ...states.connecting, history: asking.history });
    for (const trigger of ['requested', 'refused by the hub', 'configured'] as const) {
      const state = { ...asking, history: { ...asking.history, trigger } };
      assert.deepEqual(next(state, wayChanged), state);
    }
    const nowhere = { ...asking, history: { ...asking.history, known: undefined } };
    assert.deepEqual(next(nowhere, wayChanged), nowhere);
  });

  it('never makes a refused device ask DPS sooner', () => {
    const refused: Event = { name: 'failed', error: refusal };
    const wait = waiting(next({ ...states.connecting, history: { ...calm, askedDps: true } }, refused));
    const again = next(wait, wayChanged);
    assert.equal(again.name, 'connecting');
    assert.equal(waiting(next(again, refused)).reason, refusal);
  });

  it('ends a wait without a known hub by asking DPS, within the budget', () => {
    const history = { ...calm, known: undefined };
    const wait = { ...states.waiting, next: 'provisioning', history } as const;
    assert.equal(next(wait, wayChanged).name, 'provisioning');
    const spent = { ...history, budget: { tokens: 0, atMs: nowMs } };
    assert.equal(waiting(next({ ...wait, history: spent }, wayChanged)).reason.code, 'DPS-BUDGET');
  });

  it('lets a registration that waits for the budget wait on: for what is left, and not forgotten', () => {
    const spent = { ...calm, budget: { tokens: 0, atMs: nowMs } };
    const wait = waiting(next({ ...states.connected, history: spent }, events.reprovision, {}, () => 0));
    const laterMs = nowMs + 45_000;
    const on = waiting(
      transition(
        wait,
        wayChanged,
        contextWith({}, () => 0, laterMs),
      ),
    );
    assert.equal(on.delayMs, 15_000);
    assert.equal(on.next, 'provisioning');
    assert.equal(on.history.trigger, 'requested');
  });

  it('costs nothing of the budget', () => {
    for (const state of [states.provisioning, states.connecting, states.connected, states.waiting]) {
      const after = next(state, wayChanged);
      assert.deepEqual(after.name !== 'stopped' && after.history.budget, calm.budget);
    }
  });
});

describe('another DPS', () => {
  const troubled: History = { ...calm, hubFailures: 7, refusals: 2, askedDps: true, otherRefused: true };
  const unknown: Event = { name: 'sourceChanged', cached: undefined, credential: 'primary' };

  it('is asked as at a start, with nothing of the former one’s hub behind it but the budget', () => {
    const budget = { tokens: 2, atMs: nowMs };
    for (const state of [states.connecting, states.connected, states.waiting]) {
      const asking = next({ ...state, history: { ...troubled, budget } }, unknown);
      assert.deepEqual(asking, {
        ...states.provisioning,
        history: { ...calm, known: undefined, budget: { tokens: 1, atMs: nowMs } },
      });
    }
  });

  it('is asked when the budget allows it', () => {
    const spent = { ...calm, budget: { tokens: 0, atMs: nowMs } };
    const wait = waiting(next({ ...states.connected, history: spent }, unknown));
    assert.equal(wait.reason.code, 'DPS-BUDGET');
    assert.equal(wait.next, 'provisioning');
  });

  it('is not asked where its answer is remembered: that hub is the one to go to, and back to', () => {
    const event: Event = { ...events.sourceChanged, credential: 'secondary' };
    const state = next({ ...states.waiting, history: troubled }, event);
    assert.deepEqual(state, {
      name: 'connecting',
      assignment: hubTwo,
      credential: 'secondary',
      history: {
        ...calm,
        known: hubTwo,
        working: 'secondary',
        trigger: 'configured',
        budget: { tokens: 2, atMs: nowMs },
      },
    });
  });

  it('is left again at most once a minute, three times in a row: twins that name each other’s DPS are no storm', () => {
    const [there, back]: Event[] = [
      { ...events.sourceChanged, cached: hubTwo },
      { ...events.sourceChanged, cached: hubOne },
    ];
    let state: State = states.connected;
    let atMs = nowMs;
    const hubs: string[] = [];
    while (atMs < nowMs + 600_000) {
      const context = contextWith({}, () => 0, atMs);
      const event = state.name === 'waiting' ? events.elapsed : hubs.at(-1) === 'two' ? back : there;
      assert.ok(event);
      state = transition(state, event, context);
      if (state.name === 'connecting') {
        hubs.push(state.assignment.assignedHub);
        state = transition(state, events.opened, context);
      } else if (state.name === 'waiting') atMs += state.delayMs;
    }
    assert.deepEqual(hubs.slice(0, 4), ['two', 'one', 'two', 'one']);
    assert.ok(hubs.length < 25, `${hubs.length} sessions in ten minutes`);
  });

  it('is gone over to with what waits for it, whatever else changes meanwhile', () => {
    const spent = { ...calm, budget: { tokens: 0, atMs: nowMs } };
    const wait = waiting(next({ ...states.connected, history: spent }, events.sourceChanged, {}, () => 0));
    assert.equal(wait.delayMs, 60_000);
    for (const event of [events.elapsed, events.wayChanged]) {
      const state = next(wait, event);
      assert.deepEqual(state.name === 'connecting' && state.assignment, hubTwo);
    }
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

  it('asks DPS after a quarter of an hour of failures, however few, and then not before another one', () => {
    const failedAt = (history: History, atMs: number): Extract<State, { name: 'waiting' }> =>
      waiting(transition({ ...states.connecting, history }, events.failed, contextWith({}, half, atMs)));
    const first = failedAt(calm, nowMs);
    const second = failedAt(first.history, nowMs + policy.reprovisionAfterMs);
    const third = failedAt(second.history, nowMs + policy.reprovisionAfterMs + 60_000);
    assert.deepEqual([first.next, second.next, third.next], ['connecting', 'provisioning', 'connecting']);
  });

  it('takes the service’s retry-after as a floor under the jitter', () => {
    const throttled = new CloudError('DPS-429', 'register', { retryAfterMs: 120_000 });
    const state = next(states.provisioning, { name: 'failed', error: throttled });
    assert.ok(waiting(state).delayMs > 120_000);
    assert.equal(
      waiting(next(states.provisioning, { name: 'failed', error: throttled }, {}, () => 0)).delayMs,
      121_000,
    );
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
    assert.deepEqual(afterLong.history, { ...calm, hubFailures: 1, troubleSinceMs: nowMs });
    const afterShort = waiting(next(troubled, { ...events.lost, uptimeMs: policy.stableAfterMs - 1 }));
    assert.deepEqual(afterShort.history, { ...calm, hubFailures: 8, refusals: 2, troubleSinceMs: nowMs });
  });
});

describe('refusal', () => {
  const refused: Event = { name: 'failed', error: refusal };
  const byDps = (code: 'DPS-401' | 'DPS-DISABLED' | 'DPS-FAILED'): Event => ({
    name: 'failed',
    error: new CloudError(code, 'register'),
  });

  it('by the hub asks DPS within the spread, at once when there is none', () => {
    const wait = waiting(next(states.connecting, refused));
    assert.equal(wait.delayMs, 30_000);
    assert.equal(next(wait, events.elapsed).name, 'provisioning');
    assert.equal(next(states.connecting, refused, { reprovisionSpreadMs: 0 }).name, 'provisioning');
  });

  it('by DPS is waited out by what it means, at least half the ceiling, and then the hub last known is tried', () => {
    const minutes = (event: Event): number[] => {
      let history = calm;
      return [1, 2, 3, 4, 5, 6].map(() => {
        const state = waiting(next({ ...states.provisioning, history }, event, {}, () => 0));
        history = state.history;
        assert.equal(state.next, 'connecting');
        return state.delayMs / 60_000;
      });
    };
    assert.deepEqual(minutes(byDps('DPS-401')), [2.5, 2.5, 2.5, 2.5, 2.5, 2.5]);
    assert.deepEqual(minutes(byDps('DPS-DISABLED')), [7.5, 15, 30, 30, 30, 30]);
    assert.deepEqual(minutes(byDps('DPS-FAILED')), [2.5, 5, 10, 20, 30, 30]);
  });

  it('by DPS without a known hub waits long, then asks DPS', () => {
    const unknown = { ...states.provisioning, history: { ...calm, known: undefined } };
    const state = next(unknown, byDps('DPS-DISABLED'));
    assert.equal(next(state, events.elapsed).name, 'provisioning');
  });
});

describe('a second credential', () => {
  const both: Partial<Policy> = { credentials: ['primary', 'secondary'], reprovisionSpreadMs: 0 };
  const refused: Event = { name: 'failed', error: refusal };
  const unauthorized: Event = { name: 'failed', error: new CloudError('DPS-401', 'register') };

  it('is tried at the hub when the first is refused; then DPS is asked with the first again', () => {
    const second = next(states.connecting, refused, both);
    assert.equal(second.name === 'connecting' && second.credential, 'secondary');
    const asking = next(second, refused, both);
    assert.equal(asking.name === 'provisioning' && asking.credential, 'primary');
  });

  it('is tried at DPS when the first is refused, and both refused is waited out', () => {
    const second = next(states.provisioning, unauthorized, both);
    assert.equal(second.name === 'provisioning' && second.credential, 'secondary');
    assert.equal(next(second, unauthorized, both).name, 'waiting');
  });

  it('that opened a session is the one for the next, until DPS is asked', () => {
    const second = next(states.connecting, refused, both);
    const open = next(second, events.opened, both);
    const wait = next(open, events.lost, both);
    const again = next(wait, events.elapsed, both);
    assert.equal(again.name === 'connecting' && again.credential, 'secondary');
    const asking = next(again, events.reprovision, both);
    assert.equal(asking.name === 'provisioning' && asking.credential, 'primary');
  });

  it('is not tried for what no credential can help', () => {
    const disabled: Event = { name: 'failed', error: new CloudError('DPS-DISABLED', 'register') };
    assert.equal(next(states.provisioning, disabled, both).name, 'waiting');
  });

  it('serves when the first one’s certificate has expired, without DPS having been asked', () => {
    const expired: Event = { name: 'failed', error: new CloudError('CERT-EXPIRED', 'use it') };
    const second = next(states.connecting, expired, both);
    assert.equal(second.name === 'connecting' && second.credential, 'secondary');
  });
});

describe('the budget of registrations', () => {
  it('allows three in a row and then one a minute, whatever asks for them', () => {
    let state: State = states.connected;
    let atMs = nowMs;
    const asked: number[] = [];
    while (asked.length < 8) {
      const context = contextWith({}, () => 0, atMs);
      state = transition(state, state.name === 'waiting' ? events.elapsed : events.reprovision, context);
      if (state.name === 'provisioning') {
        asked.push((atMs - nowMs) / 1000);
        state = transition(state, events.assigned, context);
      }
      if (state.name === 'waiting') atMs += state.delayMs;
    }
    assert.deepEqual(asked, [0, 0, 0, 60, 120, 180, 240, 300]);
  });

  it('is not spent by attempts that never reached DPS', () => {
    let state: State = { ...states.provisioning, history: { ...calm, known: undefined } };
    for (let count = 0; count < 5; count += 1) {
      state = next(waiting(next(state, events.failed)), events.elapsed);
      assert.equal(state.name, 'provisioning');
    }
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
      [90, 180, 360, 720, 1440, 2700],
    );
  });

  it('assigned by DPS and refused by the hub: “assigned” resets nothing, and the second refusal is waited out', () => {
    let state: State = states.connecting;
    let atMs = nowMs;
    const waits: number[] = [];
    let asks = 0;
    for (let step = 0; step < 40; step += 1) {
      if (state.name === 'provisioning') asks += 1;
      if (state.name === 'waiting') {
        waits.push(state.delayMs);
        atMs += state.delayMs;
      }
      state = transition(state, replyOf(state), contextWith({ reprovisionSpreadMs: 0 }, half, atMs));
    }
    assert.ok(asks <= waits.length + 1, `${asks} registrations with ${waits.length} long waits`);
    assert.ok(Math.min(...waits) >= policy.rejectedRetry.initialMs / 2);
    assert.ok(
      waits.every((ms, index) => index === 0 || ms >= (waits[index - 1] ?? 0)),
      'the waits never shrink',
    );
  });

  it('two devices with one identity connect less than four times a minute together, whenever the second came', () => {
    for (let seed = 1; seed <= 200; seed += 1) {
      const gapMs = [100, 1000, 5000, 20_000, 40_000][seed % 5] ?? 0;
      const connects = connectsOfTwo(gapMs, 180_000, generator(seed));
      assert.ok(connects < 12, `${connects} connects in three minutes with seed ${seed}`);
    }
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

function waiting(state: State): Extract<State, { name: 'waiting' }> {
  assert.equal(state.name, 'waiting');
  return state;
}

function failInARow(
  times: number,
  random = half,
  over: Partial<Policy> = {},
): Extract<State, { name: 'waiting' }>[] {
  const waits: Extract<State, { name: 'waiting' }>[] = [];
  let history = calm;
  for (let count = 0; count < times; count += 1) {
    const state = waiting(next({ ...states.connecting, history }, events.failed, over, random));
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
