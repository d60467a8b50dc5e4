import type { DiskResult } from './disk.ts';
import { peakTarget } from './drain.ts';
import type { DrainResult } from './drain.ts';
import type { Machine } from './machine.ts';
import type { ContestResult, Round } from './throughput.ts';

export interface Figure {
  readonly what: string;
  readonly figure: string;
  readonly against: string;
  readonly target: string;
  readonly met: boolean | undefined;
}

export interface Results {
  readonly machine: Machine;
  readonly contests: readonly ContestResult[];
  readonly disk: readonly DiskResult[];
  /** Absent when only another part was asked for. */
  readonly drain: DrainResult | undefined;
}

/** Every figure with its target; what has none is for information. */
export function figuresOf({ contests, disk, drain }: Results): Figure[] {
  return [
    ...contests.flatMap(contestFigures),
    ...disk.map(diskFigure),
    ...(drain === undefined ? [] : drainFigures(drain)),
  ];
}

function contestFigures({ contest, ours, stock }: ContestResult): Figure[] {
  const [our, their] = [median(perSecond(ours)), median(perSecond(stock))];
  const ratio = our / their;
  const [ourCpu, theirCpu] = [median(ours.map(cpu)), median(stock.map(cpu))];
  return [
    {
      what: contest.name,
      figure: whole(our),
      against: `stock ${whole(their)}, ratio ${ratio.toFixed(2)}`,
      target: `ratio at least ${contest.target}`,
      met: ratio >= contest.target,
    },
    {
      what: `  CPU for each of the ${contest.counts}, in µs`,
      figure: ourCpu.toFixed(1),
      against: `stock ${theirCpu.toFixed(1)}; the simulator's ${hubCpu(ours)} and ${hubCpu(stock)}`,
      target: '',
      met: undefined,
    },
  ];
}

function diskFigure({ load, payloadBytes, writtenBytes }: DiskResult): Figure {
  const share = writtenBytes / payloadBytes;
  return {
    what: `bytes written a byte, ${load.name}`,
    figure: share.toFixed(3),
    against: `${megabytes(writtenBytes)} for ${megabytes(payloadBytes)}`,
    target: Number.isNaN(load.target) ? '' : load.target === 0 ? '0' : `at most ${load.target}`,
    met: Number.isNaN(load.target) ? undefined : share <= load.target,
  };
}

function drainFigures(drain: DrainResult): Figure[] {
  const above = drain.drainPeakBytes - drain.idleBytes;
  return [
    {
      what: `backlog of ${whole(drain.messages)}: messages a second`,
      figure: whole(drain.drainPerSecond),
      against: `filled at ${whole(drain.fillPerSecond)}, ${drain.duplicates} duplicates`,
      target: '',
      met: undefined,
    },
    {
      what: '  peak memory while it drained, above idle',
      figure: megabytes(above),
      against: `idle ${megabytes(drain.idleBytes)}, while filling ${megabytes(drain.fillPeakBytes - drain.idleBytes)} above`,
      target: `at most ${megabytes(peakTarget)}`,
      met: above <= peakTarget,
    },
  ];
}

export function table(figures: readonly Figure[]): string {
  const rows = figures.map(({ what, figure, against, target, met }) => [
    what,
    figure,
    against,
    target,
    met === undefined ? '' : met ? 'met' : 'MISSED',
  ]);
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          column === 1 ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle - 1)] ?? NaN) + (sorted[Math.floor(middle)] ?? NaN)) / 2;
}

function perSecond(rounds: readonly Round[]): number[] {
  return rounds.map((round) => round.perSecond);
}

function cpu(round: Round): number {
  return round.cpuMicroseconds;
}

function hubCpu(rounds: readonly Round[]): string {
  return median(rounds.map(({ hubCpuMicroseconds }) => hubCpuMicroseconds)).toFixed(1);
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
