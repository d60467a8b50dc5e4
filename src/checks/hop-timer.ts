import type { Clock } from '../lib/clock.ts';

/** How long each hop of one connection took. */
export class HopTimer {
  readonly #clock: Pick<Clock, 'monotonic'>;
  #lastMs = 0;
  #hops: Record<string, number> = {};

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  /** To be called as the connection begins. */
  begin(): void {
    this.#lastMs = this.#clock.monotonic();
    this.#hops = {};
  }

  /** To be called as a hop is behind us; of one that is made again, by another way, the last counts. */
  passed(hop: string): void {
    const nowMs = this.#clock.monotonic();
    this.#hops[hop] = Math.round(nowMs - this.#lastMs);
    this.#lastMs = nowMs;
  }

  /** In milliseconds, by hop. */
  get hops(): Readonly<Record<string, number>> {
    return { ...this.#hops };
  }
}
