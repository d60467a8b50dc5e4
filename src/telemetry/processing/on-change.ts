import { isDeepStrictEqual } from 'node:util';
import type { Band } from '../../config/inputs/processing.ts';
import type { Clock } from '../../lib/clock.ts';
import type { JsonObject } from '../../lib/json.ts';
import type { Log } from '../../lib/log.ts';
import type { Reading } from '../reading.ts';
import { NamePatterns } from './name-patterns.ts';
import type { Step } from './processor.ts';
import { SaidOnce } from './said-once.ts';

/** Components whose last values are remembered; the readings of any more go on as they are. */
const maxComponents = 1000;

interface Passed {
  /** The watched values as they last went on. */
  readonly values: JsonObject;
  readonly atMs: number;
}

/**
 * Lets a reading go on when one of the watched values has moved by more than its band since it last went on, has come or
 * gone, or when nothing has gone on for `maxSilenceMs`. It goes on whole: the other values ride along. Each component is
 * compared with itself. A silence ends with a reading, never by itself: nothing is said that was not measured.
 */
export class OnChange implements Step {
  readonly #bands: NamePatterns<Band>;
  readonly #maxSilenceMs: number;
  readonly #clock: Clock;
  readonly #said: SaidOnce;
  readonly #passed = new Map<string | undefined, Passed>();

  constructor(values: Readonly<Record<string, Band>>, maxSilenceMs: number, clock: Clock, log: Log) {
    this.#bands = new NamePatterns(Object.entries(values));
    this.#maxSilenceMs = maxSilenceMs;
    this.#clock = clock;
    this.#said = new SaidOnce(log);
  }

  push(reading: Reading): readonly Reading[] {
    const watched = this.#watched(reading);
    const last = this.#passed.get(reading.component);
    const nowMs = this.#clock.monotonic();
    if (last !== undefined && nowMs - last.atMs < this.#maxSilenceMs && !this.#differs(last.values, watched))
      return [];
    this.#remember(reading.component, { values: watched, atMs: nowMs });
    return [reading];
  }

  #watched(reading: Reading): JsonObject {
    const entries = Object.entries(reading.values).filter(
      ([name, value]) => this.#bands.of(reading, name, value) !== undefined,
    );
    return Object.fromEntries(entries);
  }

  #differs(last: JsonObject, now: JsonObject): boolean {
    const names = Object.keys(now);
    if (names.length !== Object.keys(last).length) return true;
    return names.some(
      (name) => !Object.hasOwn(last, name) || moved(last[name], now[name], this.#bands.get(name) ?? 'any'),
    );
  }

  #remember(component: string | undefined, passed: Passed): void {
    if (this.#passed.has(component) || this.#passed.size < maxComponents) {
      this.#passed.set(component, passed);
      return;
    }
    const message = `cannot compare the readings of more than ${maxComponents} components: those of the others all go on`;
    this.#said.warn('component', message);
  }
}

function moved(last: unknown, now: unknown, band: Band): boolean {
  if (band === 'any' || typeof last !== 'number' || typeof now !== 'number')
    return !isDeepStrictEqual(last, now);
  const width = 'by' in band ? band.by : (Math.abs(last) * band.percent) / 100;
  if (width === 0) return last !== now;
  // 20.3 - 20.2 is a little more than 0.1 in binary: a step of just the band is none.
  const noise = 1e-12 * Math.max(Math.abs(last), Math.abs(now));
  return Math.abs(now - last) > width + noise;
}
