import type { FaultEngine } from '../faults/engine.ts';
import type { Fleet } from '../fleet/fleet.ts';
import type { Ledger, Totals } from '../ledger/ledger.ts';
import type { Schedule } from '../scenario/schedule.ts';
import type { Timeline } from '../timeline.ts';

/** What is to be told while a run lasts. */
export interface Scene {
  readonly fleet: Pick<Fleet, 'states' | 'members'>;
  readonly ledger: Pick<Ledger, 'totals'>;
  readonly timeline: Pick<Timeline, 'elapsed' | 'current'>;
  /** `undefined` while the fleet starts. */
  readonly act: () => Act | undefined;
}

/** Times of the schedule are milliseconds of the run. */
export interface Act {
  readonly engine: Pick<FaultEngine, 'underWay'>;
  readonly schedule: Pick<Schedule, 'phases' | 'occurrences'>;
}

/** How a run is getting on. */
export interface Moment extends Totals {
  readonly elapsedMs: number;
  readonly phase: string;
  /** Of the phase; absent where nobody knows how long it takes. */
  readonly phaseLeftMs?: number;
  /** Of all phases; the calm after them comes on top. */
  readonly leftMs?: number;
  /** By the state that they were last heard to be in. */
  readonly agents: Readonly<Record<string, number>>;
  readonly faults: readonly FaultUnderWay[];
}

export interface FaultUnderWay {
  readonly id: number;
  readonly kind: string;
  readonly description: string;
  readonly agents: number;
  /** Until it is to be put right; 0 while that is being done. */
  readonly leftMs: number;
}

export function momentOf({ fleet, ledger, timeline, act }: Scene): Moment {
  const elapsedMs = timeline.elapsed();
  const playing = act();
  const phase = timeline.current;
  const endMs = playing?.schedule.phases.find(({ name }) => name === phase)?.endMs;
  const lastMs = playing?.schedule.phases.at(-1)?.endMs;
  return {
    ...{ elapsedMs, phase, ...ledger.totals },
    ...(endMs === undefined ? {} : { phaseLeftMs: Math.max(0, endMs - elapsedMs) }),
    ...(lastMs === undefined ? {} : { leftMs: Math.max(0, lastMs - elapsedMs) }),
    agents: agentsByState(fleet),
    faults: playing === undefined ? [] : faultsUnderWay(playing, elapsedMs),
  };
}

function agentsByState({ members, states }: Scene['fleet']): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { name } of members) {
    const state = states.get(name)?.state ?? 'unseen';
    counts[state] = (counts[state] ?? 0) + 1;
  }
  return counts;
}

function faultsUnderWay({ engine, schedule }: Act, elapsedMs: number): FaultUnderWay[] {
  const lengths = new Map(schedule.occurrences.map(({ id, forMs }) => [id, forMs]));
  return engine.underWay.map(({ id, kind, description, startMs, agents }) => ({
    ...{ id, kind, description },
    agents: agents.length,
    leftMs: Math.max(0, startMs + (lengths.get(id) ?? 0) - elapsedMs),
  }));
}
