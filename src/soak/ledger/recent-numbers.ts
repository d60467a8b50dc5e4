const pageEntries = 1024;
/** 65,536 entries, a quarter of a megabyte. */
const mostPages = 64;
/** Values are kept in 32 bits, one of which says that there is one. */
const span = 2 ** 32 - 1;

/**
 * A number for each of many numbers, those written to last: in pages, of which the one that was added first goes when there
 * are too many. Values are kept modulo 2^32 - 1.
 */
export class RecentNumbers {
  readonly #pages = new Map<number, Uint32Array>();
  /** Pages that were let go: what stood there is not known any more. */
  forgottenPages = 0;

  /** Notes the value, unless another one stands there; returns whether that is so. */
  agrees(key: number, value: number): boolean {
    const page = this.#page(Math.floor(key / pageEntries));
    const stored = (value % span) + 1;
    const before = page[key % pageEntries] ?? 0;
    if (before === 0) page[key % pageEntries] = stored;
    return before === 0 || before === stored;
  }

  has(key: number): boolean {
    return (this.#pages.get(Math.floor(key / pageEntries))?.[key % pageEntries] ?? 0) !== 0;
  }

  #page(index: number): Uint32Array {
    const known = this.#pages.get(index);
    if (known !== undefined) return known;
    for (const oldest of this.#pages.keys()) {
      if (this.#pages.size < mostPages) break;
      this.#pages.delete(oldest);
      this.forgottenPages += 1;
    }
    const page = new Uint32Array(pageEntries);
    this.#pages.set(index, page);
    return page;
  }
}
