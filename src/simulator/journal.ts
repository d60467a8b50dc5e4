export interface JournalLimits<Item> {
  readonly maxItems: number;
  readonly maxBytes: number;
  readonly bytesOf: (item: Item) => number;
}

/**
 * What happened, oldest first, by rising sequence numbers. Bounded: what no longer fits goes out at the front and is
 * counted. Adding costs the same however much is kept, and so does following.
 */
export class Journal<Item extends { readonly sequence: number }> {
  readonly #limits: JournalLimits<Item>;
  readonly #listeners = new Set<(item: Item) => void>();
  /** Items before `#start` have been dropped; they are cut off now and then, not one by one. */
  #items: Item[] = [];
  #start = 0;
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
    return this.#items.slice(this.#indexAfter(sequence));
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
    return this.since().find(wanted) ?? (await this.#next(wanted, signal));
  }

  /** Everything after this sequence number, and then as it comes, until the signal is aborted. */
  async *follow(sequence: number, signal: AbortSignal): AsyncGenerator<Item, void> {
    let last = sequence;
    while (!signal.aborted) {
      const items = this.since(last);
      for (const item of items) {
        last = item.sequence;
        yield item;
      }
      if (items.length > 0) continue;
      try {
        await this.#next(() => true, signal);
      } catch (error) {
        if (!isAborted(signal)) throw error;
      }
    }
  }

  async #next(wanted: (item: Item) => boolean, signal: AbortSignal): Promise<Item> {
    signal.throwIfAborted();
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

  #shrink(): void {
    const { maxItems, maxBytes, bytesOf } = this.#limits;
    while (this.#items.length - this.#start > maxItems || this.#bytes > maxBytes) {
      const oldest = this.#items[this.#start];
      // The latest stays, however large it is.
      if (oldest === undefined || this.#start === this.#items.length - 1) break;
      this.#bytes -= bytesOf(oldest);
      this.#start += 1;
      this.#dropped += 1;
    }
    if (this.#start * 2 <= this.#items.length) return;
    this.#items = this.#items.slice(this.#start);
    this.#start = 0;
  }

  /** Where the first item with a higher sequence number stands. */
  #indexAfter(sequence: number): number {
    let [low, high] = [this.#start, this.#items.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const item = this.#items[middle];
      if (item !== undefined && item.sequence > sequence) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

/** Asked anew: the compiler does not know that a signal changes while one waits. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
