import type { Random } from '../../lib/random.ts';
import type { WireShape } from '../faults/fault-kind.ts';

/** What a segment carries at the most: an Ethernet frame without its headers. */
export const segmentBytes = 1448;
/** Linux waits so long at least before it sends a segment again. */
const leastTimeoutMs = 200;
/** And never longer than this, however often it was lost (RFC 6298, 2.5, allows 60 s and more). */
const longestTimeoutMs = 60_000;

/** When segments that are sent one after another arrive: in their order, whatever happens to one of them. */
export class Pace {
  readonly #random: Random;
  /** Until then the line is busy with what was sent before. */
  #busyUntilMs = 0;
  #lastDueMs = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /** When a segment of so many bytes arrives that is sent now. None arrives before one that was sent before it. */
  dueMs(bytes: number, shape: WireShape, nowMs: number): number {
    const { latencyMs = 0, jitterMs = 0, bytesPerSecond = Infinity } = shape;
    this.#busyUntilMs = Math.max(nowMs, this.#busyUntilMs) + (bytes * 1000) / bytesPerSecond;
    const travelMs = latencyMs + jitterMs * this.#random() + this.#lostMs(shape);
    this.#lastDueMs = Math.max(this.#lastDueMs, this.#busyUntilMs + travelMs);
    return this.#lastDueMs;
  }

  /** A timeout for each time the segment is lost, each twice as long as the one before. */
  #lostMs({ loss = 0, latencyMs = 0 }: WireShape): number {
    let lostMs = 0;
    let timeoutMs = Math.max(leastTimeoutMs, 4 * latencyMs);
    while (this.#random() < loss && lostMs < longestTimeoutMs) {
      lostMs += timeoutMs;
      timeoutMs = Math.min(2 * timeoutMs, longestTimeoutMs);
    }
    return lostMs;
  }
}
