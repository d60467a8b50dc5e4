import type { Clock } from '../lib/clock.ts';
import { untilStopped, withDeadline } from '../lib/deadline.ts';
import { inScope } from '../lib/scope.ts';
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
  readonly #inFlight = new Set<QueuedMessage>();
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
    const failures: unknown[] = [];
    await inScope(signal, (sending) =>
      this.#sendAll(sending.signal, (error) => {
        failures.push(error);
        sending.abort(error);
      }),
    );
    await this.#drain();
    this.#giveBack();
    if (failures.length > 0) throw failures[0];
  }

  async #sendAll(stop: AbortSignal, onFailure: (error: unknown) => void): Promise<void> {
    for (
      let entry = await this.#queue.take(stop);
      entry !== undefined;
      entry = await this.#queue.take(stop)
    ) {
      this.#inFlight.add(entry);
      void this.#send(entry, onFailure);
      if (this.#inFlight.size >= this.#window) await untilStopped(this.#oneSettled(), stop);
    }
  }

  /** What was given back meanwhile is the queue's, and perhaps already another sender's: it is left alone. */
  async #send(entry: QueuedMessage, onFailure: (error: unknown) => void): Promise<void> {
    try {
      await this.#session.send(entry.message);
      if (this.#inFlight.delete(entry)) this.#queue.acknowledge(entry);
    } catch (error) {
      // First, or this sender would be the next to take what it gives back.
      onFailure(error);
      if (this.#inFlight.delete(entry)) this.#queue.release(entry);
    }
    this.#onSettled();
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
    while (this.#inFlight.size > 0 && !limit.aborted) await this.#oneSettled();
  }

  #giveBack(): void {
    for (const entry of this.#inFlight) this.#queue.release(entry);
    this.#inFlight.clear();
  }

  #oneSettled(): Promise<void> {
    return new Promise((resolve) => {
      this.#onSettled = resolve;
    });
  }
}
