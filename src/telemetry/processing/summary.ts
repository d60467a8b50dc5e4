import type { Figure } from '../../config/inputs/processing.ts';
import { withoutNoise } from './without-noise.ts';

/** What one value has been in a window. Of what is no number only `last` and `count` can be told. */
export class Summary {
  readonly #name: string;
  readonly #wanted: readonly Figure[];
  #count = 0;
  #numbers = 0;
  #min = Infinity;
  #max = -Infinity;
  #mean = 0;
  #last: unknown;

  constructor(name: string, wanted: readonly Figure[]) {
    this.#name = name;
    this.#wanted = wanted;
  }

  /** Whether there is a figure that only numbers have. */
  get wantsNumbers(): boolean {
    return this.#wanted.some((figure) => figure === 'min' || figure === 'mean' || figure === 'max');
  }

  add(value: unknown): void {
    this.#count += 1;
    this.#last = value;
    if (typeof value === 'number') this.#addNumber(value);
  }

  /** Each with its name, such as `tempMin`. */
  figures(): [string, unknown][] {
    return this.#wanted.flatMap((figure): [string, unknown][] => {
      const value = this.#figure(figure);
      return value === undefined ? [] : [[`${this.#name}${capitalised(figure)}`, value]];
    });
  }

  /** Divided before it is added, so that no sum overflows; kept between the ends that rounding might leave. */
  #addNumber(value: number): void {
    this.#numbers += 1;
    this.#min = Math.min(this.#min, value);
    this.#max = Math.max(this.#max, value);
    this.#mean += value / this.#numbers - this.#mean / this.#numbers;
  }

  #figure(figure: Figure): unknown {
    switch (figure) {
      case 'min':
        return this.#numbers === 0 ? undefined : this.#min;
      case 'max':
        return this.#numbers === 0 ? undefined : this.#max;
      case 'mean':
        return this.#numbers === 0 ? undefined : this.#within(withoutNoise(this.#mean));
      case 'last':
        return this.#last;
      case 'count':
        return this.#count;
    }
  }

  #within(value: number): number {
    return Math.min(this.#max, Math.max(this.#min, value));
  }
}

function capitalised(word: string): string {
  return `${word.charAt(0).toUpperCase()}${word.slice(1)}`;
}
