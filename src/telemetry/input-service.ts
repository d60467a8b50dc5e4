import { randomUUID } from 'node:crypto';
import type { Clock } from '../lib/clock.ts';
import { untilStopped } from '../lib/deadline.ts';
import { describeError } from '../lib/errors.ts';
import type { JsonObject } from '../lib/json.ts';
import type { Log } from '../lib/log.ts';
import { inScope } from '../lib/scope.ts';
import type { Service } from '../lib/service.ts';
import type { Input } from './inputs/input.ts';
import type { TelemetryMessage } from './message.ts';
import type { TelemetryQueue } from './queue/queue.ts';

/** How often inputs are to be read: configured, or overruled by the operator. */
export interface IntervalSettings {
  intervalMs(configuredMs: number): number;
  /** Resolves at the next change; rejects with the signal's reason when aborted. */
  changed(signal: AbortSignal): Promise<void>;
}

/** Reads one input at its interval and queues what it says. A failing input is said once, and its end once. */
export class InputService implements Service {
  readonly name: string;
  readonly #input: Input;
  readonly #queue: TelemetryQueue;
  readonly #settings: IntervalSettings;
  readonly #clock: Clock;
  readonly #log: Log;
  #failing = false;
  /** Counts this input's messages since the start, so that a consumer can see gaps. */
  #sequence = 1;

  constructor(input: Input, queue: TelemetryQueue, settings: IntervalSettings, clock: Clock, log: Log) {
    this.name = `input ${input.name}`;
    this.#input = input;
    this.#queue = queue;
    this.#settings = settings;
    this.#clock = clock;
    this.#log = log.child({ input: input.name });
  }

  async run(signal: AbortSignal): Promise<void> {
    let readAt = this.#clock.monotonic();
    while (!signal.aborted) {
      await this.#collect(signal);
      await this.#untilDue(readAt, signal);
      // From when it was due rather than from now, so that the pace does not drift; after a long standstill, from now.
      const now = this.#clock.monotonic();
      const due = readAt + this.#intervalMs();
      readAt = now - due < this.#intervalMs() ? Math.min(now, due) : now;
    }
  }

  #intervalMs(): number {
    return this.#settings.intervalMs(this.#input.intervalMs);
  }

  /** Sleeps until the interval is over, whatever the operator makes of it meanwhile. */
  async #untilDue(readAt: number, signal: AbortSignal): Promise<void> {
    for (let waitMs = this.#waitMs(readAt); waitMs > 0 && !signal.aborted; waitMs = this.#waitMs(readAt)) {
      await inScope(signal, ({ signal: wait }) =>
        untilStopped(Promise.race([this.#clock.sleep(waitMs, wait), this.#settings.changed(wait)]), wait),
      );
    }
  }

  #waitMs(readAt: number): number {
    return readAt + this.#intervalMs() - this.#clock.monotonic();
  }

  async #collect(signal: AbortSignal): Promise<void> {
    try {
      const reading = await this.#input.read(signal);
      await this.#queue.push(this.#message(reading));
      if (this.#failing) this.#log.info('the input can be read again');
      this.#failing = false;
    } catch (error) {
      if (signal.aborted) return;
      if (!this.#failing)
        this.#log.warn({ error: describeError(error) }, `cannot read the input: ${describeError(error)}`);
      this.#failing = true;
    }
  }

  #message(reading: JsonObject): TelemetryMessage {
    return {
      messageId: randomUUID(),
      createdAtMs: this.#clock.now().getTime(),
      priority: 'normal',
      input: this.#input.name,
      sequence: this.#sequence++,
      contentType: 'application/json',
      contentEncoding: 'utf-8',
      body: JSON.stringify(reading),
      properties: {},
    };
  }
}
