import type { Random } from './random.ts';

/** Bounds of an exponential backoff, in milliseconds; `initialMs` is never above `maximumMs`. */
export interface BackoffLimits {
  readonly initialMs: number;
  readonly maximumMs: number;
}

/**
 * The wait after the n-th failure in a row (n from 1): anywhere between `initialMs` and a ceiling that doubles with
 * each failure up to `maximumMs`. The wide jitter spreads a fleet; the floor keeps one device from hammering.
 */
export function fullJitterMs(limits: BackoffLimits, failures: number, random: Random): number {
  const ceilingMs = ceiling(limits, failures + 1);
  return limits.initialMs + random() * (ceilingMs - limits.initialMs);
}

/** As `fullJitterMs`, but never below half the ceiling: for waits that are meant to be long. */
export function equalJitterMs(limits: BackoffLimits, failures: number, random: Random): number {
  const ceilingMs = ceiling(limits, failures);
  return ceilingMs / 2 + (random() * ceilingMs) / 2;
}

function ceiling({ initialMs, maximumMs }: BackoffLimits, failures: number): number {
  return Math.min(maximumMs, initialMs * 2 ** (failures - 1));
}
