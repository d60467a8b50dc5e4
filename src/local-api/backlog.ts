import { Bell } from '../lib/bell.ts';

/** What one reader has yet to be told, within a bound: what comes while it is full is left out, and counted. */
export class Backlog<T> {
  readonly #maxItems: number;
  readonly #maxBytes: number;
  readonly #came = new Bell();
  #items: T[] = [];
  #bytes = 0;
  #omitted = 0;

  constructor(maxItems: number, maxBytes: number) {
    this.#maxItems = maxItems;
    this.#maxBytes = maxBytes;
  }

  push(item: T, bytes: number): void {
    if (this.#items.length >= this.#maxItems || this.#bytes + bytes > this.#maxBytes) this.#omitted += 1;
    else {
      this.#items.push(item);
      this.#bytes += bytes;
    }
    this.#came.ring();
  }

  /** All there is, once there is something; what was left out came after that. Empty when the signal was aborted. */
  async next(signal: AbortSignal): Promise<{ readonly items: readonly T[]; readonly omitted: number }> {
    await this.#came.until(() => this.#items.length + this.#omitted > 0, signal);
    const all = { items: this.#items, omitted: this.#omitted };
    [this.#items, this.#bytes, this.#omitted] = [[], 0, 0];
    return all;
  }
}
