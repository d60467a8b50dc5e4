import type { ProcessSample } from '../evidence.ts';
import { grouped } from './grouped.ts';

/** A process from its start to its end, as far as it can be compared with itself: after it has warmed up. */
export interface Life {
  readonly unit: string;
  readonly agents: number;
  readonly samples: readonly ProcessSample[];
  /** From the first of them to the last. */
  readonly spanMs: number;
}

/** The first quarter of a life is warm-up: modules, code and heap find their size. In milliseconds. */
const warmUp = { least: 15_000, most: 600_000 };
/** With fewer samples, or over a shorter time, nothing can be told. */
export const leastSamples = 8;
const leastSpanMs = 40_000;
/** What can be judged must have run for so long, warm-up and all. */
export const leastLifeMs = warmUp.least + leastSpanMs;

/** The longest life of each unit, without its warm-up; none of a unit that never lived long enough. */
export function longestLives(processes: readonly ProcessSample[]): Life[] {
  const units = grouped(processes, ({ unit }) => unit);
  return [...units].flatMap(([unit, ofUnit]) => {
    const lives = [...grouped(ofUnit, ({ life }) => life).values()].map((samples) => warm(unit, samples));
    const longest = lives.sort((one, other) => other.spanMs - one.spanMs)[0];
    return longest !== undefined && isEnough(longest) ? [longest] : [];
  });
}

function warm(unit: string, samples: readonly ProcessSample[]): Life {
  const [first, last] = [samples[0]?.atMs ?? 0, samples.at(-1)?.atMs ?? 0];
  const fromMs = first + Math.min(warmUp.most, Math.max(warmUp.least, (last - first) / 4));
  const kept = samples.filter(({ atMs }) => atMs >= fromMs);
  const spanMs = kept.length === 0 ? 0 : last - (kept[0]?.atMs ?? last);
  return { unit, agents: Math.max(1, kept.at(-1)?.agents ?? 1), samples: kept, spanMs };
}

function isEnough({ samples, spanMs }: Life): boolean {
  return samples.length >= leastSamples && spanMs >= leastSpanMs;
}
