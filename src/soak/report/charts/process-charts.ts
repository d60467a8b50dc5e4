import type { ProcessSample } from '../../evidence.ts';
import { grouped } from '../../judge/grouped.ts';
import { quantile } from '../../judge/robust.ts';
import { mostPoints, short } from './chart.ts';
import type { Chart, ChartSeries } from './chart.ts';

const megabyte = 1024 * 1024;

/** Resident memory of the processes, for each of their agents. */
export function memoryChart(processes: readonly ProcessSample[]): Chart {
  const rounds = roundsOf(processes);
  const of = (share: number): number[] =>
    rounds.map(({ samples }) =>
      short(
        quantile(
          samples.map(({ rssBytes, agents }) => rssBytes / Math.max(1, agents)),
          share,
        ) / megabyte,
      ),
    );
  return {
    id: 'memory',
    title: 'Resident memory',
    note: 'Of each process, divided by its agents. A process that has just been started is small; the invariant judges each after its warm-up.',
    unit: 'MB',
    at: rounds.map(({ at }) => at),
    series: [
      { label: 'highest', colour: 'red', values: of(1) },
      { label: '90 of 100 below', colour: 'amber', values: of(0.9) },
      { label: 'half below', colour: 'blue', values: of(0.5) },
      { label: '10 of 100 below', colour: 'teal', values: of(0.1) },
    ],
    isStacked: false,
  };
}

/** Descriptors, sockets and timers, for each agent: what leaks without costing memory at first. */
export function handlesChart(processes: readonly ProcessSample[]): Chart {
  const rounds = roundsOf(processes);
  const series = (
    label: string,
    share: number,
    colour: ChartSeries['colour'],
    read: (sample: ProcessSample) => number | undefined,
  ): ChartSeries[] => {
    const values = rounds.map(({ samples }) => {
      const known = samples.flatMap((sample) => {
        const value = read(sample);
        return value === undefined ? [] : [value / Math.max(1, sample.agents)];
      });
      return known.length === 0 ? null : short(quantile(known, share));
    });
    return values.every((value) => value === null) ? [] : [{ label, colour, values }];
  };
  return {
    id: 'handles',
    title: 'Descriptors, sockets and timers',
    note: 'For each agent: of half the processes, and of the one that has most.',
    unit: 'count',
    at: rounds.map(({ at }) => at),
    series: [
      ...series('descriptors, most', 1, 'red', ({ descriptors }) => descriptors),
      ...series('descriptors', 0.5, 'blue', ({ descriptors }) => descriptors),
      ...series('timers', 0.5, 'grey', ({ timers }) => timers),
      ...series('sockets, most', 1, 'amber', ({ sockets }) => sockets),
      ...series('sockets', 0.5, 'teal', ({ sockets }) => sockets),
    ],
    isStacked: false,
  };
}

interface Round {
  /** In seconds. */
  readonly at: number;
  readonly samples: readonly ProcessSample[];
}

/** All processes were looked at at once. Of too many rounds, evenly some. */
function roundsOf(processes: readonly ProcessSample[]): Round[] {
  const rounds = [...grouped(processes, ({ atMs }) => atMs)].sort(([one], [other]) => one - other);
  const every = Math.max(1, Math.ceil(rounds.length / mostPoints));
  return rounds
    .filter((_, index) => index % every === 0)
    .map(([atMs, samples]) => ({ at: tenth(atMs / 1000), samples }));
}

/** To the tenth of a second. */
function tenth(seconds: number): number {
  return Math.round(seconds * 10) / 10;
}
