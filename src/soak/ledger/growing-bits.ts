const firstBytes = 64;

/** A set of whole numbers from 0, one bit for each up to the highest: 60 hours of one a second are 27 KB. */
export class GrowingBits {
  #bytes = new Uint8Array(firstBytes);

  has(n: number): boolean {
    return (((this.#bytes[n >>> 3] ?? 0) >>> (n & 7)) & 1) === 1;
  }

  /** Returns whether it was not there before. */
  add(n: number): boolean {
    if (this.has(n)) return false;
    const index = n >>> 3;
    this.#reach(index);
    this.#bytes[index] = (this.#bytes[index] ?? 0) | (1 << (n & 7));
    return true;
  }

  #reach(index: number): void {
    if (index < this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, index + 1));
    grown.set(this.#bytes);
    this.#bytes = grown;
  }
}
