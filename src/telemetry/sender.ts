import type { Clock } from '../lib/clock.ts';
import { withDeadline } from '../lib/deadline.ts';
import type { Service } from '../lib/service.ts';
import type { TelemetryMessage } from './message.ts';
import type { QueuedMessage, TelemetryQueue } from './queue/queue.ts';

/** How long messages in flight may still be acknowledged after the sender was told to stop, in milliseconds. */
const drainMs = 2000;

/**
 * Sends what is queued while a session lasts, at most `window` messages in flight. Told to stop, it takes nothing new and
 * waits a moment for what is in flight; what stays unacknowledged goes back to the queue and is sent again.
 */
export class Sender implements Service {
  readonly name = 'sender';
  readonly #session: { send(message: TelemetryMessage): Promise<void> };
  readonly #queue: TelemetryQueue;
  readonly #window: number;
  readonly #clock: Clock;
  #inFlight = 0;
  #onSettled: () => void = () => undefined;

  constructor(
    session: { send(message: TelemetryMessage): Promise<void> },
    queue: TelemetryQueue,
    window: number,
    clock: Clock,
  ) {
    this.#session = session;
    this.#queue = queue;
    this.#window = window;
    this.#clock = clock;
  }

  /** Rejects with the session's CloudError when the session is over. */
  async run(signal: AbortSignal): Promise<void> {
    const failed = new AbortController();
    const stop = AbortSignal.any([signal, failed.signal]);
    await this.#sendAll(stop, failed);
    await this.#drain();
    if (failed.signal.aborted) throw failed.signal.reason;
  }

  async #sendAll(stop: AbortSignal, failed: AbortController): Promise<void> {
    for (
      let entry = await this.#queue.take(stop);
      entry !== undefined;
      entry = await this.#queue.take(stop)
    ) {
      this.#inFlight += 1;
      void this.#send(entry, failed).finally(() => {
        this.#inFlight -= 1;
        this.#onSettled();
      });
      if (this.#inFlight >= this.#window) await this.#oneSettled();
    }
  }

  async #send(entry: QueuedMessage, failed: AbortController): Promise<void> {
    try {
      await this.#session.send(entry.message);
      this.#queue.acknowledge(entry);
    } catch (error) {
      this.#queue.release(entry);
      failed.abort(error);
    }
  }

  async #drain(): Promise<void> {
    const late = new Error('messages in flight were not acknowledged in time');
    const never = new AbortController().signal;
    await withDeadline(this.#clock, drainMs, late, never, (limit) => this.#untilIdle(limit)).catch(
      (error: unknown) => {
        if (error !== late) throw error;
      },
    );
  }

  async #untilIdle(limit: AbortSignal): Promise<void> {
    while (this.#inFlight > 0 && !limit.aborted) await this.#oneSettled();
  }

  #oneSettled(): Promise<void> {
    return new Promise((resolve) => {
      this.#onSettled = resolve;
    });
  }
}
