import { isItsTime } from '../reading.ts';
import type { Reading } from '../reading.ts';

/** More names than this are looked up anew each time, so that an input that invents names costs no memory. */
const maxRemembered = 1000;

/**
 * What is said of names by patterns, in which `*` stands for any text, also none. A pattern that is the name itself goes
 * before others; of the others the first that fits counts.
 */
export class NamePatterns<T> {
  readonly #exact: ReadonlyMap<string, T>;
  readonly #wild: readonly (readonly [RegExp, T])[];
  readonly #remembered = new Map<string, T | undefined>();

  constructor(entries: Iterable<readonly [string, T]>) {
    const list = [...entries];
    this.#exact = new Map(list.filter(([pattern]) => !pattern.includes('*')));
    this.#wild = list
      .filter(([pattern]) => pattern.includes('*'))
      .map(([pattern, said]) => [expression(pattern), said] as const);
  }

  get(name: string): T | undefined {
    if (this.#wild.length === 0 || this.#exact.has(name)) return this.#exact.get(name);
    if (this.#remembered.has(name)) return this.#remembered.get(name);
    const said = this.#wild.find(([form]) => form.test(name))?.[1];
    if (this.#remembered.size < maxRemembered) this.#remembered.set(name, said);
    return said;
  }

  /** The same for a value of a reading, of whose time a pattern does not speak, only the name. */
  of(reading: Reading, name: string, value: unknown): T | undefined {
    return isItsTime(reading, name, value) ? this.#exact.get(name) : this.get(name);
  }
}

function expression(pattern: string): RegExp {
  // Several stars in a row say no more than one, and would cost the more.
  const parts = pattern.split(/\*+/).map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`));
  return new RegExp(`^${parts.join('.*')}$`, 's');
}
