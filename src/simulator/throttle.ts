import type { Clock } from '../lib/clock.ts';
import type { FaultOf } from './faults.ts';
import type { AfterMessage } from './hub-session.ts';

/**
 * A hub that shapes its traffic (protocol.md 3.8): messages above the rate are acknowledged late, each in its turn, and a
 * device whose message finds too many waiting is disconnected.
 */
export class Throttle {
  readonly #clock: Clock;
  /** Of each fault, when all that have come so far are acknowledged. */
  readonly #freeAt = new WeakMap<FaultOf<'throttle'>, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The turn of a message that has just come. */
  take(fault: FaultOf<'throttle'>): AfterMessage {
    const nowMs = this.#clock.monotonic();
    const stepMs = 1000 / fault.messagesPerSecond;
    const turnMs = Math.max(nowMs, this.#freeAt.get(fault) ?? nowMs) + stepMs;
    const waiting = Math.ceil((turnMs - stepMs - nowMs) / stepMs);
    if (waiting >= fault.backlog)
      return { kind: 'drop', reason: `fault: throttled, ${waiting} messages are waiting (429002)` };
    this.#freeAt.set(fault, turnMs);
    return { kind: 'throttled', waitMs: turnMs - nowMs };
  }
}
