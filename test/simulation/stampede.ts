// A thousand state machines after a hub outage, in simulated time: when do they come to DPS? Used by the unit test
// stampede.test.ts, and by `npm run stampede`, which prints the figures of docs/provisioning.md.
import { CloudError } from '../../src/cloud-error.ts';
import { burst, budgetAfter } from '../../src/connection/registration-budget.ts';
import { initialState, transition } from '../../src/connection/state.ts';
import type { Context, Event, Policy, State } from '../../src/connection/state.ts';

export interface Scenario {
  readonly devices: number;
  /** The hub does not answer from 0 until here, then refuses every device: they are to be moved. In milliseconds. */
  readonly outageMs: number;
  /** DPS answers 5xx until here. */
  readonly dpsDownUntilMs: number;
  readonly policy: Policy;
  /** Without the budget of registrations, as a program would do that asks whenever it has a reason to. */
  readonly unlimited: boolean;
}

export interface Stampede {
  readonly registrations: number;
  readonly peakPerSecond: number;
  readonly peakPerMinute: number;
  /** When every device had its new hub, in milliseconds. */
  readonly allHomeMs: number;
}

export const policy: Policy = {
  retry: { initialMs: 1000, maximumMs: 60_000 },
  rejectedRetry: { initialMs: 300_000, maximumMs: 3_600_000 },
  reprovisionAfterFailures: 10,
  reprovisionAfterMs: 900_000,
  reprovisionSpreadMs: 60_000,
  dynamicReprovisioning: true,
  stableAfterMs: 60_000,
  credentials: ['primary'],
};

/** What a client without these rules does: it asks DPS whenever the hub fails, and again every few seconds. */
export const naivePolicy: Policy = {
  ...policy,
  retry: { initialMs: 5000, maximumMs: 5000 },
  rejectedRetry: { initialMs: 5000, maximumMs: 5000 },
  reprovisionAfterFailures: 1,
  reprovisionSpreadMs: 0,
};

const oldHub = { assignedHub: 'old', deviceId: 'd', assignedAt: '2026-01-01T00:00:00.000Z' };
const newHub = { ...oldHub, assignedHub: 'new' };
const answerMs = 200;

export function simulate(scenario: Scenario): Stampede {
  const times: number[] = [];
  let allHomeMs = 0;
  for (let device = 0; device < scenario.devices; device += 1) {
    allHomeMs = Math.max(allHomeMs, live(scenario, generator(device + 1), times));
  }
  return {
    registrations: times.length,
    peakPerSecond: peak(times, 1000),
    peakPerMinute: peak(times, 60_000),
    allHomeMs,
  };
}

/** One device's life, from the loss of its session until it is at the new hub; returns when. */
function live(scenario: Scenario, random: () => number, times: number[]): number {
  let nowMs = 0;
  const context = (): Context => ({ policy: scenario.policy, random, nowMs });
  const start = {
    cached: oldHub,
    credential: 'primary',
    alwaysReprovision: false,
    budget: budgetAfter([], 0),
  } as const;
  let state: State = transition(initialState(start, context()), { name: 'opened' }, context());
  state = transition(
    state,
    { name: 'lost', error: new CloudError('NET-RESET', 'x'), uptimeMs: 3_600_000 },
    context(),
  );
  while (!(state.name === 'connected' && state.assignment.assignedHub === 'new')) {
    nowMs += state.name === 'waiting' ? state.delayMs : answerMs;
    if (state.name === 'provisioning') times.push(nowMs);
    state = transition(unlimited(state, scenario, nowMs), eventFor(state, scenario, nowMs), context());
  }
  return nowMs;
}

function unlimited(state: State, scenario: Scenario, nowMs: number): State {
  if (!scenario.unlimited || state.name === 'stopped') return state;
  return { ...state, history: { ...state.history, budget: { tokens: burst, atMs: nowMs } } };
}

function eventFor(state: State, { outageMs, dpsDownUntilMs }: Scenario, nowMs: number): Event {
  switch (state.name) {
    case 'provisioning':
      if (nowMs < dpsDownUntilMs) return { name: 'failed', error: new CloudError('DPS-5XX', 'register') };
      return { name: 'assigned', assignment: newHub };
    case 'connecting':
      if (state.assignment.assignedHub === 'new') return { name: 'opened' };
      if (nowMs < outageMs) return { name: 'failed', error: new CloudError('NET-TIMEOUT', 'connect') };
      return { name: 'failed', error: new CloudError('HUB-CONNACK-5', 'connect') };
    case 'waiting':
      return { name: 'elapsed' };
    case 'connected':
    case 'stopped':
      throw new Error(`cannot be ${state.name} here`);
  }
}

function peak(times: readonly number[], windowMs: number): number {
  const counts = new Map<number, number>();
  for (const time of times) {
    const window = Math.floor(time / windowMs);
    counts.set(window, (counts.get(window) ?? 0) + 1);
  }
  return Math.max(0, ...counts.values());
}

/** Mulberry32: a small seeded generator, so that a run can be repeated. */
export function generator(seed: number): () => number {
  let state = seed * 0x9e3779b9;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export interface Figures {
  readonly what: string;
  readonly scenario: Scenario;
  readonly ours: Stampede;
  readonly unlimited: Stampede;
}

/** Three ways in which a hub leaves a thousand devices without a home. */
export function figures(): Figures[] {
  return [
    { what: 'the hub drops and refuses all at once', outageMs: 0, dpsDownUntilMs: 0 },
    { what: 'the hub is gone for 10 min, then refuses all', outageMs: 600_000, dpsDownUntilMs: 0 },
    {
      what: 'the same, and DPS answers 5xx for the first 20 min',
      outageMs: 600_000,
      dpsDownUntilMs: 1_200_000,
    },
  ].map(({ what, ...outage }) => {
    const scenario = { ...outage, devices: 1000, policy, unlimited: false };
    const unlimited = simulate({ ...scenario, policy: naivePolicy, unlimited: true });
    return { what, scenario, ours: simulate(scenario), unlimited };
  });
}

/** The rows of the table in docs/provisioning.md, which a test holds to this. */
export function figuresTable(): string[] {
  return figures().flatMap(({ what, ours, unlimited }) =>
    Object.entries({ 'dps-agent': ours, unlimited }).map(([who, result]) => {
      const { peakPerSecond, peakPerMinute, registrations, allHomeMs } = result;
      const cells = [
        what,
        who,
        peakPerSecond,
        peakPerMinute,
        registrations,
        `${Math.round(allHomeMs / 1000)} s`,
      ];
      return `| ${cells.join(' | ')} |`;
    }),
  );
}

if (process.argv[1] === import.meta.filename) for (const row of figuresTable()) console.log(row);
