import { monitorEventLoopDelay } from 'node:perf_hooks';

/** Often enough to see what makes an agent late, and rarely enough to cost nothing on a small board. */
const resolutionMs = 100;

/** How late the event loop is, for several who ask at times of their own: one timer measures for all of them. */
export class EventLoopDelay {
  readonly #histogram = monitorEventLoopDelay({ resolution: resolutionMs });
  readonly #readers: { worstMs: number }[] = [];
  #isEnabled = false;

  /**
   * Tells the 99th percentile since it last told, in milliseconds: where others asked in between, of the worst of the
   * spans between them. 0 the first time that anybody asks, from when on it is measured.
   */
  reader(): () => number {
    const own = { worstMs: 0 };
    this.#readers.push(own);
    return () => {
      this.#endSpan();
      const { worstMs } = own;
      own.worstMs = 0;
      return worstMs;
    };
  }

  #endSpan(): void {
    if (!this.#isEnabled) {
      this.#isEnabled = this.#histogram.enable();
      return;
    }
    // What is recorded is the time between two ticks, the wait that was asked for included.
    const tickMs = this.#histogram.count === 0 ? 0 : this.#histogram.percentile(99) / 1e6;
    this.#histogram.reset();
    const delayMs = Math.max(0, tickMs - resolutionMs);
    for (const reader of this.#readers) reader.worstMs = Math.max(reader.worstMs, delayMs);
  }
}
