import { isJsonObject } from '../../lib/json.ts';
import type { RunResult } from './read-run.ts';

/** A figure of both runs; those that nobody can tell good from bad by have no direction. */
export interface ComparedFigure {
  readonly name: string;
  readonly unit: string;
  readonly before?: number;
  readonly after?: number;
  /** How much worse: 0.5 is half as much again; absent where that has no meaning. */
  readonly worsening?: number;
}

interface Definition {
  readonly name: string;
  readonly unit: string;
  readonly better?: 'less' | 'more';
  /** Of the result: where it is among the figures or the invariants. */
  readonly read: (result: RunResult) => unknown;
}

const figure = (key: string, inner?: string) => (result: RunResult) => {
  const value = result.figures[key];
  return inner === undefined ? value : membersOf(value)[inner];
};

const invariant = (id: string) => (result: RunResult) => {
  const found = result.invariants.find((finding) => finding.id === id);
  return found === undefined || found.outcome === 'not-judged' ? undefined : found.value;
};

const definitions: readonly Definition[] = [
  { name: 'delivered', unit: 'messages/s', better: 'more', read: figure('deliveredPerSecond') },
  { name: 'missing', unit: 'messages', better: 'less', read: figure('missing') },
  { name: 'duplicates', unit: 'messages', better: 'less', read: figure('duplicates') },
  { name: 'recovery p50', unit: 'ms', better: 'less', read: figure('recovery', 'p50Ms') },
  { name: 'recovery p99', unit: 'ms', better: 'less', read: figure('recovery', 'p99Ms') },
  { name: 'recovery max', unit: 'ms', better: 'less', read: figure('recovery', 'maxMs') },
  { name: 'memory per agent', unit: 'bytes', better: 'less', read: figure('memoryBytesPerAgent') },
  { name: 'memory slope', unit: 'bytes/h', better: 'less', read: invariant('memory-slope') },
  { name: 'CPU per message', unit: 'ms', better: 'less', read: figure('cpuMsPerMessage') },
  { name: 'reconnects', unit: 'per agent and hour', better: 'less', read: invariant('reconnects') },
  { name: 'sessions', unit: '', read: figure('sessions') },
  { name: 'registrations', unit: '', read: figure('registrations') },
  { name: 'faults', unit: '', read: figure('faults') },
];

/** What got worse most first; those of no direction last. */
export function comparedFigures(before: RunResult, after: RunResult): ComparedFigure[] {
  return definitions
    .map((definition) => compared(definition, before, after))
    .filter((each) => each.before !== undefined || each.after !== undefined)
    .sort((one, other) => (other.worsening ?? -Infinity) - (one.worsening ?? -Infinity) || 0);
}

function compared(
  { name, unit, better, read }: Definition,
  one: RunResult,
  other: RunResult,
): ComparedFigure {
  const [before, after] = [read(one), read(other)].map((value) =>
    typeof value === 'number' && Number.isFinite(value) ? value : undefined,
  );
  const isTelling = better !== undefined && before !== undefined && after !== undefined && before > 0;
  const growth = isTelling ? (after - before) / before : undefined;
  return {
    ...{ name, unit },
    ...(before === undefined ? {} : { before }),
    ...(after === undefined ? {} : { after }),
    ...(growth === undefined ? {} : { worsening: better === 'less' ? growth : -growth }),
  };
}

function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  return isJsonObject(value) ? value : {};
}
