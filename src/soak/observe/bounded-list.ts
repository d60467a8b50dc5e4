/** Keeps so many of what comes, the newest; what went for them is counted. */
export class BoundedList<Item> {
  readonly #most: number;
  #items: Item[] = [];
  #start = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** How many are not kept any more. */
  omitted = 0;

  push(item: Item): void {
    this.#items.push(item);
    if (this.#items.length - this.#start <= this.#most) return;
    this.#start += 1;
    this.omitted += 1;
    // Cut off now and then, not one by one.
    if (this.#start < this.#most) return;
    this.#items = this.#items.slice(this.#start);
    this.#start = 0;
  }

  /** Oldest first. */
  list(): Item[] {
    return this.#items.slice(this.#start);
  }
}
