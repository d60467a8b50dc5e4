import type { Evidence, LedgerEntry, ProcessSample } from './evidence.ts';
import { recoveries } from './judge/recovery.ts';
import { quantile } from './judge/robust.ts';
import { faultsMade, observedUntilMs } from './judge/spans.ts';
import type { Limits } from './scenario/scenario.ts';

/** What a run comes to in numbers, apart from what must hold: part of `result.json`, to be compared with other runs. */
export interface RunFigures {
  readonly promised: number;
  readonly delivered: number;
  readonly deliveredPerSecond: number;
  readonly duplicates: number;
  readonly missing: number;
  readonly toldDropped: number;
  readonly faults: number;
  readonly kindsOfFault: number;
  readonly recoveries: number;
  /** In milliseconds; absent where nothing had to recover. */
  readonly recovery?: { readonly p50Ms: number; readonly p99Ms: number; readonly maxMs: number };
  readonly sessions: number;
  readonly registrations: number;
  /** Of all processes, by their last sample in each life, for each message delivered; absent without either. */
  readonly cpuMsPerMessage?: number;
  /** Half the samples of the last quarter of the run have less, for each agent; absent without samples. */
  readonly memoryBytesPerAgent?: number;
}

export function figuresOf(evidence: Evidence, limits: Limits): RunFigures {
  const entries = Object.values(evidence.ledger);
  const sum = (read: (entry: LedgerEntry) => number): number =>
    entries.reduce((total, entry) => total + read(entry), 0);
  const delivered = sum((entry) => entry.delivered);
  const made = faultsMade(evidence);
  const took = recoveries(evidence, limits).map(({ tookMs }) => tookMs);
  return {
    promised: sum((entry) => entry.promised),
    delivered,
    deliveredPerSecond: (delivered * 1000) / Math.max(1, observedUntilMs(evidence)),
    duplicates: sum((entry) => entry.duplicates),
    missing: sum((entry) => entry.missing),
    toldDropped: sum((entry) => entry.toldDropped),
    faults: made.length,
    kindsOfFault: new Set(made.map(({ kind }) => kind)).size,
    recoveries: took.length,
    ...(took.length === 0 ? {} : { recovery: spreadOf(took) }),
    sessions: evidence.sessions.length,
    registrations: evidence.registrations.length,
    ...costOf(evidence.processes, delivered),
  };
}

export function spreadOf(tookMs: readonly number[]): NonNullable<RunFigures['recovery']> {
  const [p50Ms, p99Ms, maxMs] = [0.5, 0.99, 1].map((share) => quantile(tookMs, share));
  return { p50Ms: p50Ms ?? 0, p99Ms: p99Ms ?? 0, maxMs: maxMs ?? 0 };
}

function costOf(
  processes: readonly ProcessSample[],
  delivered: number,
): Pick<RunFigures, 'cpuMsPerMessage' | 'memoryBytesPerAgent'> {
  const lives = new Map(processes.map((sample) => [`${sample.unit} ${sample.life}`, sample]));
  const cpuMs = [...lives.values()].reduce((total, last) => total + last.cpuMs, 0);
  const lastMs = processes.reduce((latest, { atMs }) => Math.max(latest, atMs), 0);
  const late = processes.filter(({ atMs }) => atMs >= lastMs * 0.75);
  if (late.length === 0) return {};
  const memory = quantile(
    late.map(({ rssBytes, agents }) => rssBytes / Math.max(1, agents)),
    0.5,
  );
  return { memoryBytesPerAgent: memory, ...(delivered === 0 ? {} : { cpuMsPerMessage: cpuMs / delivered }) };
}
