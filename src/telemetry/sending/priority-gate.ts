import type { Priority } from '../priority.ts';
import { priorities } from '../priority.ts';

/** Lets so many in at a time; whoever has the higher priority is let in first. One may wait for each priority. */
export class PriorityGate {
  readonly #places: () => number;
  readonly #waiting = new Map<Priority, () => void>();
  #inside = 0;

  /** @param places how many may be inside; asked anew each time */
  constructor(places: () => number) {
    this.#places = places;
  }

  get inside(): number {
    return this.#inside;
  }

  /** Whether there was a place; if so it is taken. */
  tryEnter(): boolean {
    if (this.#waiting.size > 0 || this.#inside >= this.#places()) return false;
    this.#inside += 1;
    return true;
  }

  /** Resolves with true once inside, with false when the signal was aborted first. */
  enter(priority: Priority, signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return Promise.resolve(false);
    return new Promise((resolve) => {
      const onAbort = (): void => {
        this.#waiting.delete(priority);
        resolve(false);
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiting.set(priority, () => {
        signal.removeEventListener('abort', onAbort);
        resolve(true);
      });
      this.admit();
    });
  }

  leave(): void {
    this.#inside -= 1;
    this.admit();
  }

  /** Lets in whoever there is a place for by now. */
  admit(): void {
    for (const priority of priorities) {
      if (this.#inside >= this.#places()) return;
      const admit = this.#waiting.get(priority);
      if (admit === undefined) continue;
      this.#waiting.delete(priority);
      this.#inside += 1;
      admit();
    }
  }
}
