/** Statistics that a few wild values do not sway. */

/** 0 for none. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** Linear between the two nearest; 0 for none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).sort();
  const at = share * (sorted.length - 1);
  const low = sorted[Math.floor(at)] ?? 0;
  const high = sorted[Math.ceil(at)] ?? 0;
  return low + (high - low) * (at - Math.floor(at));
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface RobustLine {
  /** Of y for each unit of x. */
  readonly slope: number;
  /** The standard deviation of what is left, as a normal distribution's median deviation tells it. */
  readonly scatter: number;
}

/** A pair for each two points is too much work for more. */
const mostPoints = 150;
const deviationsOfMedian = 1.4826;

/** The median of the slopes between all pairs of points (Theil–Sen): up to 29 of 100 points may be anything. */
export function robustLine(points: readonly Point[]): RobustLine {
  const some = thinned(points);
  const slopes: number[] = [];
  for (const [index, one] of some.entries()) {
    for (const other of some.slice(index + 1)) {
      if (other.x !== one.x) slopes.push((other.y - one.y) / (other.x - one.x));
    }
  }
  const slope = median(slopes);
  const rests = some.map(({ x, y }) => y - slope * x);
  const middle = median(rests);
  const scatter = deviationsOfMedian * median(rests.map((rest) => Math.abs(rest - middle)));
  return { slope, scatter };
}

/** Evenly, the first and the last among them. */
function thinned(points: readonly Point[]): readonly Point[] {
  if (points.length <= mostPoints) return points;
  const step = (points.length - 1) / (mostPoints - 1);
  return Array.from({ length: mostPoints }, (_, index) => points[Math.round(index * step)]).filter(
    (point) => point !== undefined,
  );
}
