import type { Figures } from './figures.ts';

export type Labels = Readonly<Record<string, string>>;

/** One line of a metric. */
export interface Sample {
  readonly labels?: Labels;
  readonly value: number;
}

interface Described {
  /** By Prometheus' conventions: base units, `_total` for what only grows. */
  readonly name: string;
  /** One sentence; also the metric's line in docs/metrics.md. */
  readonly help: string;
  /** Every sample has these, and no others. How many values each may have is bounded. */
  readonly labels?: readonly string[];
}

/** A figure of the agent, read when somebody asks for it: nothing is counted twice for the metrics' sake. */
export type Metric =
  | (Described & { readonly type: 'counter' | 'gauge'; read(figures: Figures): readonly Sample[] })
  | (Described & { readonly type: 'histogram'; readHistogram(figures: Figures): Histogram });

export interface Histogram {
  /** Upper bounds of the buckets, ascending, and for each how many were within it, those of the ones before included. */
  readonly bounds: readonly number[];
  readonly within: readonly number[];
  readonly count: number;
  readonly sum: number;
}

/** A figure that there is exactly one of, or that cannot be told. */
export function single(value: number | undefined): Sample[] {
  return value === undefined ? [] : [{ value }];
}

/** One sample for each key. */
export function by<Key extends string>(label: string, values: Readonly<Record<Key, number>>): Sample[] {
  return Object.entries<number>(values).map(([key, value]) => ({ labels: { [label]: key }, value }));
}

/** 1 for the state that it is, 0 for the others, so that each has a line of its own to be drawn. */
export function stateSet(label: string, states: readonly string[], current: string): Sample[] {
  return states.map((state) => ({ labels: { [label]: state }, value: state === current ? 1 : 0 }));
}
