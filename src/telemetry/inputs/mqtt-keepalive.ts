import type { Clock } from '../../lib/clock.ts';

/**
 * The repeating timer of mqtt.js's keep-alive, on the clock. Packets are handled one after the other, so while one is
 * held back the broker's answers to pings cannot be heard: `instead` then takes the timer's place.
 */
export class KeepaliveTimer {
  readonly #clock: Clock;
  readonly #instead: () => boolean;
  readonly #running = new Map<number, AbortController>();
  #lastId = 0;

  /** @param instead does at a tick what there is to do; false: the tick is to be given to mqtt.js */
  constructor(clock: Clock, instead: () => boolean) {
    this.#clock = clock;
    this.#instead = instead;
  }

  readonly set = (tick: () => void, ms: number): number => {
    const end = new AbortController();
    this.#lastId += 1;
    this.#running.set(this.#lastId, end);
    this.#repeat(tick, ms, end.signal).catch(() => undefined);
    return this.#lastId;
  };

  readonly clear = (id: number): void => {
    this.#running.get(id)?.abort(new Error('the timer was cleared'));
    this.#running.delete(id);
  };

  async #repeat(tick: () => void, ms: number, signal: AbortSignal): Promise<void> {
    for (;;) {
      await this.#clock.sleep(ms, signal);
      if (!this.#instead()) tick();
    }
  }
}
