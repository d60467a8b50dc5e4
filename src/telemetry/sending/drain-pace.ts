import type { Clock } from '../../lib/clock.ts';
import { untilStopped } from '../../lib/deadline.ts';
import { priorities } from '../priority.ts';
import type { Priority } from '../priority.ts';
import type { QueuedMessage } from '../queue/telemetry-queue.ts';

/** What timers are late by is made good up to here, in milliseconds. */
const burstMs = 1000;
/** A message made so much before the newest, in milliseconds, is of a time before the clock was set back. */
const outOfOrderMs = 60_000;

/** How far one priority has been drained. */
interface Stream {
  /** When the newest that went was made, on the wall clock. */
  readonly newestMs: number;
  /** When the last was due to go, on the monotonic clock. */
  readonly dueMs: number;
}

/**
 * How fast what piled up while the hub was out of reach is sent: at most so many messages a second, higher priorities
 * first, so that a fleet that comes back together does not trip the hub's throttle; but no priority slower than twice the
 * pace at which its messages were made, or a busy device would never catch up. What was accepted since the session began
 * is none of its business.
 */
export class DrainPace {
  readonly #ratePerSecond: () => number;
  readonly #clock: Clock;
  readonly #sessionMs: number;
  readonly #streams = new Map<Priority, Stream>();
  readonly #waiting = new Set<Priority>();
  /** From when on the next may go that is not helped by its own priority's pace. */
  #nextMs: number;

  /**
   * Begins with the session.
   * @param ratePerSecond messages a second, above 0; asked anew each time
   */
  constructor(ratePerSecond: () => number, clock: Clock) {
    this.#ratePerSecond = ratePerSecond;
    this.#clock = clock;
    this.#sessionMs = clock.monotonic();
    this.#nextMs = this.#sessionMs;
  }

  /** Whether it piled up before the session. */
  concerns({ acceptedMs }: QueuedMessage): boolean {
    return acceptedMs === undefined || acceptedMs < this.#sessionMs;
  }

  /** Waits until it may go; resolves with false when the signal was aborted first. One of each priority may wait. */
  async turn({ message }: QueuedMessage, signal: AbortSignal): Promise<boolean> {
    this.#waiting.add(message.priority);
    for (let waitMs = this.#waitMs(message); waitMs > 0 && !signal.aborted; waitMs = this.#waitMs(message))
      await untilStopped(this.#clock.sleep(waitMs, signal), signal);
    this.#waiting.delete(message.priority);
    if (signal.aborted) return false;
    this.#went(message);
    return true;
  }

  #waitMs(message: QueuedMessage['message']): number {
    return this.#dueMs(message) - this.#clock.monotonic();
  }

  #dueMs(message: QueuedMessage['message']): number {
    const ahead = priorities.slice(0, priorities.indexOf(message.priority));
    const before = ahead.filter((priority) => this.#waiting.has(priority)).length;
    return Math.min(this.#nextMs + before * this.#slotMs, this.#ownDueMs(message));
  }

  /** By the pace at which the messages of its priority were made; where that is not known, a slot after the last. */
  #ownDueMs({ priority, createdAtMs }: QueuedMessage['message']): number {
    const stream = this.#streams.get(priority);
    if (stream === undefined) return this.#sessionMs + this.#slotMs;
    if (createdAtMs < stream.newestMs - outOfOrderMs) return stream.dueMs + this.#slotMs;
    return stream.dueMs + Math.max(0, createdAtMs - stream.newestMs) / 2;
  }

  #went(message: QueuedMessage['message']): void {
    const nowMs = this.#clock.monotonic();
    const newestMs = this.#streams.get(message.priority)?.newestMs ?? -Infinity;
    const wasSetBack = message.createdAtMs < newestMs - outOfOrderMs;
    this.#streams.set(message.priority, {
      newestMs: wasSetBack ? message.createdAtMs : Math.max(newestMs, message.createdAtMs),
      dueMs: Math.max(this.#dueMs(message), nowMs - burstMs),
    });
    // One that went before its slot, for the sake of its own priority, takes no more than one from the others.
    this.#nextMs = Math.max(Math.min(this.#nextMs, nowMs), nowMs - burstMs) + this.#slotMs;
  }

  get #slotMs(): number {
    return 1000 / this.#ratePerSecond();
  }
}
