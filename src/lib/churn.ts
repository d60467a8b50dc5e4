/**
 * A Map and a Set for what comes and goes all the time. V8 makes those a new table now and then, and leaves in the old one
 * a reference to it, and to all it held. Once one such table is in the old generation, each new one is kept from it on,
 * with everything in it, until the next full collection: short-lived garbage then fills the heap like long-lived. So they
 * are begun anew as often as they have let go of as much as they hold. Both are in the order of insertion.
 */
export class ChurnMap<K, V> implements Iterable<[K, V]> {
  #map = new Map<K, V>();
  readonly #wear = new Wear();

  get size(): number {
    return this.#map.size;
  }

  get(key: K): V | undefined {
    return this.#map.get(key);
  }

  has(key: K): boolean {
    return this.#map.has(key);
  }

  set(key: K, value: V): void {
    this.#map.set(key, value);
  }

  delete(key: K): boolean {
    const held = this.#map.delete(key);
    if (held && this.#wear.isDue(this.#map.size)) this.#map = new Map(this.#map);
    return held;
  }

  clear(): void {
    this.#map = new Map();
  }

  keys(): MapIterator<K> {
    return this.#map.keys();
  }

  values(): MapIterator<V> {
    return this.#map.values();
  }

  [Symbol.iterator](): MapIterator<[K, V]> {
    return this.#map.entries();
  }
}

export class ChurnSet<T> implements Iterable<T> {
  #set = new Set<T>();
  readonly #wear = new Wear();

  get size(): number {
    return this.#set.size;
  }

  has(value: T): boolean {
    return this.#set.has(value);
  }

  add(value: T): void {
    this.#set.add(value);
  }

  delete(value: T): boolean {
    const held = this.#set.delete(value);
    if (held && this.#wear.isDue(this.#set.size)) this.#set = new Set(this.#set);
    return held;
  }

  clear(): void {
    this.#set = new Set();
  }

  [Symbol.iterator](): SetIterator<T> {
    return this.#set.values();
  }
}

/** Fewer than these are not worth beginning anew. */
const few = 32;

class Wear {
  #deleted = 0;

  /** To be asked after each that was let go of. */
  isDue(size: number): boolean {
    this.#deleted += 1;
    if (this.#deleted < Math.max(few, size)) return false;
    this.#deleted = 0;
    return true;
  }
}
