import type { QueuedMessage } from '../queue/telemetry-queue.ts';

/**
 * How fast what piled up while the hub was out of reach is sent: at most so many messages a second, so that a fleet that
 * comes back together does not trip the hub's throttle; but never slower than twice the pace at which they were made,
 * or a busy device would never catch up. What was accepted since the session began goes at once.
 */
export class DrainPace {
  readonly #ratePerSecond: () => number;
  readonly #sessionMs: number;
  #lastMadeMs: number | undefined;
  #freeAtMs: number;

  /**
   * @param ratePerSecond messages a second, above 0; asked anew each time
   * @param sessionMs when the session began, on the monotonic clock
   */
  constructor(ratePerSecond: () => number, sessionMs: number) {
    this.#ratePerSecond = ratePerSecond;
    this.#sessionMs = sessionMs;
    this.#freeAtMs = sessionMs;
  }

  /** How long this message has to wait yet, in milliseconds; its turn is taken with the call. */
  waitMs({ message, acceptedMs }: QueuedMessage, nowMs: number): number {
    if (acceptedMs !== undefined && acceptedMs >= this.#sessionMs) return 0;
    const madeApartMs = Math.max(0, message.createdAtMs - (this.#lastMadeMs ?? message.createdAtMs));
    const gapMs = Math.min(1000 / this.#ratePerSecond(), madeApartMs / 2);
    this.#lastMadeMs = message.createdAtMs;
    const dueMs = Math.max(this.#freeAtMs + gapMs, nowMs - burstMs);
    this.#freeAtMs = dueMs;
    return Math.max(0, dueMs - nowMs);
  }
}

/** What timers are late by is made good up to here. */
const burstMs = 1000;
