/**
 * Values handed from callbacks to one `for await` loop. Unbounded: meant for what is rare, such as patches to a twin.
 * The loop ends when the signal is aborted; values pushed after that are dropped.
 */
export class Channel<T> implements AsyncIterable<T> {
  readonly #values: T[] = [];
  readonly #signal: AbortSignal;
  #wake: () => void = () => undefined;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener(
      'abort',
      () => {
        this.#wake();
      },
      { once: true },
    );
  }

  push(value: T): void {
    if (this.#signal.aborted) return;
    this.#values.push(value);
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    while (!this.#signal.aborted) {
      const value = this.#values.shift();
      if (value === undefined) await this.#next();
      else yield value;
    }
  }

  #next(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
      // What arrived between the last look and now must not wait for its successor.
      if (this.#values.length > 0 || this.#signal.aborted) resolve();
    });
  }
}
