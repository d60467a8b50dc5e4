import { saysNothing, withValues } from '../reading.ts';
import type { Reading } from '../reading.ts';
import { NamePatterns } from './name-patterns.ts';
import type { Step } from './processor.ts';

/** Keeps the values whose names fit; a reading of which nothing is left ends here. */
export class Select implements Step {
  readonly #patterns: NamePatterns<true>;

  constructor(patterns: readonly string[]) {
    this.#patterns = new NamePatterns(patterns.map((pattern) => [pattern, true] as const));
  }

  push(reading: Reading): readonly Reading[] {
    const kept = Object.entries(reading.values).filter(([name]) => this.#patterns.get(name) === true);
    const selected = withValues(reading, Object.fromEntries(kept));
    return saysNothing(selected) ? [] : [selected];
  }
}
