/** First in, first out; both ends in constant time on average. */
export class Fifo<T extends object> implements Iterable<T> {
  #values: (T | undefined)[] = [];
  #head = 0;

  constructor(values: Iterable<T> = []) {
    for (const value of values) this.#values.push(value);
  }

  get length(): number {
    return this.#values.length - this.#head;
  }

  push(value: T): void {
    this.#values.push(value);
  }

  peek(): T | undefined {
    return this.#values[this.#head];
  }

  shift(): T | undefined {
    const value = this.#values[this.#head];
    if (value === undefined) return undefined;
    this.#values[this.#head] = undefined;
    this.#head += 1;
    this.#compact();
    return value;
  }

  *[Symbol.iterator](): Iterator<T> {
    for (let index = this.#head; index < this.#values.length; index += 1) {
      const value = this.#values[index];
      if (value !== undefined) yield value;
    }
  }

  #compact(): void {
    if (this.#head === this.#values.length) this.#values.length = 0;
    else if (this.#head < 64 || this.#head * 2 < this.#values.length) return;
    else this.#values = this.#values.slice(this.#head);
    this.#head = 0;
  }
}
