import type { Clock } from '../lib/clock.ts';

/**
 * Notices that the wall clock was set, by holding it against the monotonic clock. A machine that slept shows as a step
 * ahead, since the monotonic clock stands still meanwhile.
 */
export class WallSteps {
  readonly #clock: Clock;
  #differenceMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#differenceMs = this.#difference();
  }

  /** How far the wall clock was moved since the last call, in milliseconds: positive is ahead, 0 for a mere slew. */
  take(): number {
    const differenceMs = this.#difference();
    const stepMs = differenceMs - this.#differenceMs;
    this.#differenceMs = differenceMs;
    return Math.abs(stepMs) > smallestStepMs ? stepMs : 0;
  }

  #difference(): number {
    return this.#clock.now().getTime() - this.#clock.monotonic();
  }
}

/** Below this a change does no harm to a token or a certificate. */
const smallestStepMs = 10_000;
