import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SavedSettings } from '../../../../src/twin/settings/saved-settings.ts';
import { inForce, transition } from '../../../../src/twin/settings/trial.ts';
import type { TrialEvent, TrialState } from '../../../../src/twin/settings/trial.ts';

const at = (version: number, transport: string): SavedSettings => ({
  'connection.transport': { value: transport, version },
});
const [works, other, third] = [at(1, 'mqtt'), at(2, 'mqtt_ws'), at(3, 'auto')];
const why = 'not connected within 5m';

const states = {
  settled: { name: 'settled', confirmed: works },
  trying: { name: 'trying', confirmed: works, wanted: other, restarts: 0 },
  tryingAgain: { name: 'trying', confirmed: works, wanted: other, restarts: 1 },
  reverted: { name: 'reverted', confirmed: works, refused: other, why },
} as const satisfies Record<string, TrialState>;

const events = {
  works: { name: 'asked', wanted: at(9, 'mqtt') },
  other: { name: 'asked', wanted: at(9, 'mqtt_ws') },
  third: { name: 'asked', wanted: third },
  nothing: { name: 'asked', wanted: {} },
  connected: { name: 'connected' },
  expired: { name: 'expired', within: '5m' },
  restarted: { name: 'restarted' },
} as const satisfies Record<string, TrialEvent>;

const same = 'the same state';
const trying = (wanted: SavedSettings): TrialState => ({
  name: 'trying',
  confirmed: works,
  wanted,
  restarts: 0,
});

const table: Record<keyof typeof states, Record<keyof typeof events, TrialState | typeof same>> = {
  settled: {
    works: same,
    other: trying(at(9, 'mqtt_ws')),
    third: trying(third),
    nothing: trying({}),
    connected: same,
    expired: same,
    restarted: same,
  },
  trying: {
    works: states.settled,
    other: same,
    third: trying(third),
    nothing: trying({}),
    connected: { name: 'settled', confirmed: other },
    expired: states.reverted,
    restarted: states.tryingAgain,
  },
  tryingAgain: {
    works: states.settled,
    other: same,
    third: trying(third),
    nothing: trying({}),
    connected: { name: 'settled', confirmed: other },
    expired: states.reverted,
    restarted: { ...states.reverted, why: 'not connected before the agent was started twice more' },
  },
  reverted: {
    works: states.settled,
    other: same,
    third: trying(third),
    nothing: trying({}),
    connected: same,
    expired: same,
    restarted: same,
  },
};

describe('the trial of connection settings', () => {
  for (const [from, row] of Object.entries(table)) {
    for (const [event, expected] of Object.entries(row)) {
      it(`${from}, ${event}`, () => {
        const state = states[from as keyof typeof states];
        const next = transition(state, events[event as keyof typeof events]);
        if (expected === same) assert.equal(next, state);
        else assert.deepEqual(next, expected);
      });
    }
  }

  it('has in force what is tried, and otherwise what worked', () => {
    assert.deepEqual(Object.values(states).map(inForce), [works, other, other, works]);
  });
});
