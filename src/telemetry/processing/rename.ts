import type { Log } from '../../lib/log.ts';
import { withValues } from '../reading.ts';
import type { Reading } from '../reading.ts';
import type { Step } from './processor.ts';
import { SaidOnce } from './said-once.ts';

/**
 * Gives values other names, all at once, so that two can change places. A value that has the new name already, and keeps
 * it, gives way.
 */
export class Rename implements Step {
  readonly #names: ReadonlyMap<string, string>;
  readonly #said: SaidOnce;

  constructor(names: Readonly<Record<string, string>>, log: Log) {
    this.#names = new Map(Object.entries(names));
    this.#said = new SaidOnce(log);
  }

  push(reading: Reading): readonly Reading[] {
    const entries = Object.entries(reading.values);
    const taken = new Set(entries.map(([name]) => this.#names.get(name)));
    const kept = entries.filter(([name]) => !this.#givesWay(name, taken));
    const values = Object.fromEntries(kept.map(([name, value]) => [this.#names.get(name) ?? name, value]));
    return [withValues(reading, values)];
  }

  #givesWay(name: string, taken: ReadonlySet<string | undefined>): boolean {
    if (this.#names.has(name) || !taken.has(name)) return false;
    this.#said.warn(name, `cannot keep the value ${name}: another was renamed to it`);
    return true;
  }
}
