import type { Entry } from './entry.ts';

interface Taker {
  readonly signal: AbortSignal;
  readonly resolve: (entry: Entry | undefined) => void;
}

/** Those waiting for a message, first come first served. One listener a signal, not one a wait: waits are many. */
export class Takers {
  #waiting: Taker[] = [];
  readonly #watched = new WeakSet<AbortSignal>();

  get some(): boolean {
    return this.#waiting.length > 0;
  }

  /** `undefined` once the signal is aborted. */
  wait(signal: AbortSignal): Promise<Entry | undefined> {
    this.#watch(signal);
    return new Promise((resolve) => {
      this.#waiting.push({ signal, resolve });
    });
  }

  /** There must be someone waiting. */
  give(entry: Entry): void {
    this.#waiting.shift()?.resolve(entry);
  }

  #watch(signal: AbortSignal): void {
    if (this.#watched.has(signal)) return;
    this.#watched.add(signal);
    signal.addEventListener(
      'abort',
      () => {
        const over = this.#waiting.filter((taker) => taker.signal === signal);
        this.#waiting = this.#waiting.filter((taker) => taker.signal !== signal);
        for (const taker of over) taker.resolve(undefined);
      },
      { once: true },
    );
  }
}
