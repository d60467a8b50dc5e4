import type { TelemetryMessage } from '../message.ts';
import type { SendingWatch } from './sender.ts';

/** Tells a watch, and whoever wants to read along for a while; costs next to nothing while nobody does. */
export class ReadAlong implements SendingWatch {
  readonly #always: SendingWatch;
  readonly #readers = new Set<SendingWatch>();

  constructor(always: SendingWatch) {
    this.#always = always;
  }

  /** Tells the reader, too, until the function that is returned is called. */
  watch(reader: SendingWatch): () => void {
    this.#readers.add(reader);
    return () => {
      this.#readers.delete(reader);
    };
  }

  sent(message: TelemetryMessage): void {
    this.#always.sent(message);
    if (this.#readers.size > 0) for (const reader of this.#readers) reader.sent(message);
  }

  acknowledged(message: TelemetryMessage, tookMs: number): void {
    this.#always.acknowledged(message, tookMs);
    if (this.#readers.size > 0) for (const reader of this.#readers) reader.acknowledged(message, tookMs);
  }

  unacknowledged(message: TelemetryMessage): void {
    this.#always.unacknowledged?.(message);
    for (const reader of this.#readers) reader.unacknowledged?.(message);
  }
}
