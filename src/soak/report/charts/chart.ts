/** Something over the time of the run, as it is drawn. Plain data: the page's own script draws it. */
export interface Chart {
  readonly id: string;
  readonly title: string;
  /** What is to be seen, and what is not. */
  readonly note: string;
  readonly unit: ChartUnit;
  /** Seconds since the run began; ascending. */
  readonly at: readonly number[];
  readonly series: readonly ChartSeries[];
  /** Each upon the one before. */
  readonly isStacked: boolean;
  readonly limit?: { readonly value: number; readonly label: string };
}

export type ChartUnit = 'messages/s' | 'agents' | 'MB' | 'count' | '/min';

export interface ChartSeries {
  readonly label: string;
  readonly colour: Colour;
  /** As many as there are moments; null: nothing is known. */
  readonly values: readonly (number | null)[];
}

/** Each has a light and a dark shade in the page. */
export type Colour = 'green' | 'blue' | 'amber' | 'red' | 'violet' | 'grey' | 'faint' | 'teal';

/** More points than this no screen shows. */
export const mostPoints = 720;

/** Steps of whole seconds, so many that a chart can show each. */
export function stepMsFor(durationMs: number): number {
  return Math.max(1, Math.ceil(durationMs / mostPoints / 1000)) * 1000;
}

/** Four digits tell as much as a curve does, in a third of the bytes. */
export function short(value: number): number {
  return Number(value.toPrecision(4));
}
