import { seededRandom, someOf, whole } from '../../lib/seeded-random.ts';
import type { Random } from '../../lib/random.ts';
import type { Phase, PlannedFault, Scenario } from './scenario.ts';

/** One fault that is to come. Times are milliseconds since the run began. */
export interface Occurrence {
  readonly id: number;
  readonly kind: string;
  readonly phase: string;
  readonly atMs: number;
  /** 0 for what happens at once. */
  readonly forMs: number;
  /** The names of those it is meant for, sorted. */
  readonly agents: readonly string[];
  readonly options: Readonly<Record<string, unknown>>;
}

export interface TimedPhase extends Phase {
  readonly startMs: number;
  readonly endMs: number;
}

export interface Schedule {
  readonly phases: readonly TimedPhase[];
  /** By their moments. */
  readonly occurrences: readonly Occurrence[];
  /** Of the scenario's faults, how many found no room beside others of their sort. */
  readonly skipped: number;
}

/** What a kind of fault is like when several are to be fitted into a run. */
export interface KindTiming {
  /** Compressed, it lasts no shorter than this, unless the scenario itself says so. */
  readonly shortestMs: number;
  /** Of those with the same word none begins before the one before it has ended. */
  readonly exclusive: string;
}

/**
 * Lays a scenario out over `durationMs`: phases and moments are scaled, lengths too, down to what the kind can do with.
 * The same seed and names give the same schedule; a line that is added leaves the others as they are.
 */
export function scheduleOf(
  scenario: Pick<Scenario, 'phases' | 'seed'>,
  durationMs: number,
  names: readonly string[],
  timingOf: (kind: string) => KindTiming,
): Schedule {
  const phases = timedPhases(scenario.phases, durationMs);
  const random = seededRandom(scenario.seed);
  const scale = durationMs / total(scenario.phases);
  const planned = phases.flatMap((phase) =>
    phase.faults.flatMap((fault) => {
      const own = seededRandom(whole(random, 2 ** 32));
      return momentsOf(fault, phase, scale, own).map((atMs) => ({
        kind: fault.kind,
        phase: phase.name,
        atMs,
        forMs: lengthOf(fault, scale, timingOf(fault.kind).shortestMs),
        agents: struckBy(fault, names, own),
        options: fault.options,
      }));
    }),
  );
  const { fitted, skipped } = fit(planned, phases, durationMs, (kind) => timingOf(kind).exclusive);
  return { phases, occurrences: fitted.map((each, index) => ({ id: index + 1, ...each })), skipped };
}

export function total(phases: readonly Phase[]): number {
  return phases.reduce((sum, { durationMs }) => sum + durationMs, 0);
}

type Planned = Omit<Occurrence, 'id'>;

function timedPhases(phases: readonly Phase[], durationMs: number): TimedPhase[] {
  const scale = durationMs / total(phases);
  let endMs = 0;
  return phases.map((phase) => {
    const startMs = endMs;
    endMs += phase.durationMs * scale;
    return { ...phase, startMs: Math.round(startMs), endMs: Math.round(endMs) };
  });
}

/** Again and again: from a half to one and a half times the distance, the first as likely at once as late. */
function momentsOf({ when }: PlannedFault, phase: TimedPhase, scale: number, random: Random): number[] {
  if ('atMs' in when) return [Math.round(phase.startMs + when.atMs * scale)];
  const everyMs = Math.max(when.everyMs * scale, breathMs);
  const moments = [];
  for (let atMs = random() * everyMs; atMs < phase.endMs - phase.startMs; atMs += everyMs * (0.5 + random()))
    moments.push(Math.round(phase.startMs + atMs));
  return moments;
}

/** A run that is stretched has its faults further apart, and no longer. */
function lengthOf({ forMs }: PlannedFault, scale: number, shortestMs: number): number {
  return Math.round(Math.min(forMs, Math.max(forMs * scale, shortestMs)));
}

function struckBy({ agents }: PlannedFault, names: readonly string[], random: Random): string[] {
  const wanted = 'count' in agents ? agents.count : Math.max(1, Math.round(agents.share * names.length));
  return someOf(random, names, wanted).sort();
}

/** Puts each behind the one before it of its sort; what would then begin after its phase has no room. */
function fit(
  planned: readonly Planned[],
  phases: readonly TimedPhase[],
  durationMs: number,
  sortOf: (kind: string) => string,
): { fitted: Planned[]; skipped: number } {
  const freeAt = new Map<string, number>();
  const ends = new Map(phases.map(({ name, endMs }) => [name, endMs]));
  const fitted: Planned[] = [];
  for (const each of planned.toSorted((one, other) => one.atMs - other.atMs)) {
    const sort = sortOf(each.kind);
    const atMs = Math.max(each.atMs, freeAt.get(sort) ?? 0);
    const endMs = Math.min(atMs + each.forMs, durationMs);
    if (atMs >= (ends.get(each.phase) ?? durationMs)) continue;
    freeAt.set(sort, endMs + breathMs);
    fitted.push({ ...each, atMs, forMs: endMs - atMs });
  }
  fitted.sort((one, other) => one.atMs - other.atMs);
  return { fitted, skipped: planned.length - fitted.length };
}

/** Between two of a sort, so that undoing the one is over when the next begins. */
const breathMs = 500;
