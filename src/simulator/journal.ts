export interface JournalLimits<Item> {
  readonly maxItems: number;
  readonly maxBytes: number;
  readonly bytesOf: (item: Item) => number;
}

/** What happened, oldest first, bounded: what no longer fits goes out at the front and is counted. */
export class Journal<Item extends { readonly sequence: number }> {
  readonly #limits: JournalLimits<Item>;
  readonly #listeners = new Set<(item: Item) => void>();
  #items: Item[] = [];
  #bytes = 0;
  #dropped = 0;

  constructor(limits: JournalLimits<Item>) {
    this.#limits = limits;
  }

  /** How many items have been dropped to stay within the limits. */
  get dropped(): number {
    return this.#dropped;
  }

  push(item: Item): void {
    this.#items.push(item);
    this.#bytes += this.#limits.bytesOf(item);
    this.#shrink();
    for (const listener of [...this.#listeners]) listener(item);
  }

  /** Everything that came after this sequence number. */
  since(sequence = 0): Item[] {
    return this.#items.filter((item) => item.sequence > sequence);
  }

  /** Calls back for everything that comes from now on, until the returned function is called. */
  subscribe(listener: (item: Item) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** The first item, already there or yet to come, that satisfies; rejects when the signal is aborted. */
  async waitFor(wanted: (item: Item) => boolean, signal: AbortSignal): Promise<Item> {
    signal.throwIfAborted();
    const found = this.#items.find(wanted);
    if (found !== undefined) return found;
    return await new Promise<Item>((resolve, reject) => {
      const stop = (): void => {
        unsubscribe();
        signal.removeEventListener('abort', onAbort);
      };
      const onAbort = (): void => {
        stop();
        reject(signal.reason as Error);
      };
      const unsubscribe = this.subscribe((item) => {
        if (!wanted(item)) return;
        stop();
        resolve(item);
      });
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  /** Everything after this sequence number, and then as it comes, until the signal is aborted. */
  async *follow(sequence: number, signal: AbortSignal): AsyncGenerator<Item, void> {
    let next = sequence;
    while (!signal.aborted) {
      for (const item of this.since(next)) {
        next = item.sequence;
        yield item;
      }
      try {
        await this.waitFor((item) => item.sequence > next, signal);
      } catch (error) {
        if (!isAborted(signal)) throw error;
      }
    }
  }

  #shrink(): void {
    let excess = 0;
    while (
      excess < this.#items.length - 1 &&
      (this.#items.length - excess > this.#limits.maxItems || this.#bytes > this.#limits.maxBytes)
    ) {
      const oldest = this.#items[excess];
      if (oldest !== undefined) this.#bytes -= this.#limits.bytesOf(oldest);
      excess += 1;
    }
    if (excess === 0) return;
    this.#dropped += excess;
    this.#items = this.#items.slice(excess);
  }
}

/** Asked anew: the compiler does not know that a signal changes while one waits. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
