import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';

/** A warning for what may happen again and again: said at once, then at most every hour, with how often it was not said. */
export class RepeatedWarning {
  readonly #clock: Clock;
  readonly #log: Log;
  #saidMs = -Infinity;
  #unsaid = 0;
  #count = 0;

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  /** How often there was reason to warn. */
  get count(): number {
    return this.#count;
  }

  warn(message: string): void {
    this.#count += 1;
    if (this.#clock.monotonic() - this.#saidMs < hourMs) {
      this.#unsaid += 1;
      return;
    }
    this.#log.warn({ count: this.#count }, message);
    this.sayRest();
    this.#saidMs = this.#clock.monotonic();
  }

  /** Says how often it was not said; nothing if that is never. */
  sayRest(): void {
    if (this.#unsaid > 0) this.#log.warn({ count: this.#count }, `the same, ${this.#unsaid} times more`);
    this.#unsaid = 0;
  }
}

const hourMs = 3_600_000;
