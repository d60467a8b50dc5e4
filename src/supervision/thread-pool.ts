import type { Clock } from '../lib/clock.ts';
import { untilStopped } from '../lib/deadline.ts';
import type { Service } from '../lib/service.ts';
import type { Pulse } from './pulse.ts';

/** In milliseconds. */
const everyMs = 20_000;

/**
 * Node's thread pool, where names are resolved and files are read: gone through again and again, once at a time, so that
 * those that hang are not joined by more.
 */
export class ThreadPool implements Service {
  readonly name = 'thread pool';
  readonly #cross: () => Promise<unknown>;
  readonly #clock: Clock;
  #sinceMs: number | undefined;

  /** @param cross goes through the pool; what it finds there does not matter */
  constructor(cross: () => Promise<unknown>, clock: Clock) {
    this.#cross = cross;
    this.#clock = clock;
  }

  get pulse(): Pulse {
    return { name: this.name, dueMs: this.#sinceMs };
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#sinceMs = this.#clock.monotonic();
      const crossed = await untilStopped(Promise.allSettled([this.#cross()]), signal);
      if (crossed === undefined) return;
      this.#sinceMs = undefined;
      await untilStopped(this.#clock.sleep(everyMs, signal), signal);
    }
  }
}
