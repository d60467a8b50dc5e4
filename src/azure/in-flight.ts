import { ChurnSet } from '../lib/churn.ts';
import type { Clock } from '../lib/clock.ts';

interface Send {
  readonly since: number;
  readonly reject: (reason: Error) => void;
}

/** Messages sent and not yet acknowledged, with one timer for them all: a timer each would cost more than sending. */
export class InFlight {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  /** In the order of sending, so that the first is the oldest. */
  readonly #sends = new ChurnSet<Send>();

  constructor(clock: Clock, timeoutMs: number) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  /** Resolves when `start` calls back; rejects by `rejectAll`, or as `start` throws. */
  track(start: (done: () => void) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      const send: Send = { since: this.#clock.monotonic(), reject };
      this.#sends.add(send);
      try {
        start(() => {
          this.#sends.delete(send);
          resolve();
        });
      } catch (error) {
        this.#sends.delete(send);
        throw error;
      }
    });
  }

  rejectAll(reason: Error): void {
    for (const send of this.#sends) send.reject(reason);
    this.#sends.clear();
  }

  /** Resolves with true when a send has waited longer than the timeout, with false when the signal is aborted. */
  async untilOverdue(signal: AbortSignal): Promise<boolean> {
    while (!signal.aborted) {
      const waitMs = this.#waitMs();
      if (waitMs <= 0) return true;
      await this.#clock.sleep(waitMs, signal).catch((error: unknown) => {
        if (!signal.aborted) throw error;
      });
    }
    return false;
  }

  #waitMs(): number {
    const [oldest] = this.#sends;
    return oldest === undefined ? this.#timeoutMs : oldest.since + this.#timeoutMs - this.#clock.monotonic();
  }
}
