import { gzipSync } from 'node:zlib';
import type { BatchConfig } from '../../config/inputs/batch.ts';
import { messageBytes } from '../message.ts';
import type { MessageContent } from '../message.ts';

/** What all readings of a message have in common. */
export type Envelope = Pick<MessageContent, 'input' | 'component' | 'properties'>;

/**
 * Bytes before compression that one message may gather: what the other side has to hold when it unpacks, and what the hub
 * still takes if compression, against all experience, gains nothing.
 */
const mostRawBytes = 240 * 1024;

/**
 * Readings on their way into one message: a JSON array of them, or, where messages are of one reading each, the reading
 * itself. In an array each has its own `time`, unless it brought one.
 */
export class Batch {
  readonly envelope: Envelope;
  readonly #config: BatchConfig;
  readonly #texts: string[] = [];
  /** How much smaller compression makes what this input says, as seen in the batches before. */
  readonly #shrinkage: Shrinkage;
  #knownRoomBytes: number | undefined;
  /** Of the readings, with a comma after each. */
  #textBytes = 0;

  constructor(envelope: Envelope, config: BatchConfig, shrinkage: Shrinkage) {
    this.envelope = envelope;
    this.#config = config;
    this.#shrinkage = shrinkage;
  }

  get size(): number {
    return this.#texts.length;
  }

  /** Whether it is an array that it will be sent as. */
  get isArray(): boolean {
    return isArrayOf(this.#config);
  }

  /** Whether one more of so many bytes would still be within what a message is to hold; a first one always is. */
  fits(bytes: number): boolean {
    if (this.#texts.length === 0) return true;
    return this.#texts.length < this.#config.maxReadings && this.#textBytes + bytes + 1 <= this.#limit();
  }

  /** @param bytes of the text in UTF-8 */
  add(text: string, bytes: number): void {
    this.#texts.push(text);
    this.#textBytes += bytes + 1;
  }

  get isFull(): boolean {
    return this.#texts.length >= this.#config.maxReadings || this.#textBytes >= this.#limit();
  }

  /** The message; the batch must not be used after that. */
  close(nowMs: number): MessageContent {
    const text = this.isArray ? `[${this.#texts.join()}]` : this.#texts.join();
    // How long a large text is, it would be asked again and again; bytes know it.
    if (this.#config.compression === 'none')
      return contentOf(this.envelope, this.isArray ? Buffer.from(text) : text, 'utf-8', nowMs);
    const body = gzipSync(text);
    // One that came far from being full was small, and says nothing about how large ones shrink.
    if (this.#textBytes * 2 >= this.#limit()) this.#shrinkage.learn(Buffer.byteLength(text), body.length);
    return contentOf(this.envelope, body, 'gzip', nowMs);
  }

  /** What is left of `max_bytes` for the readings; not worth asking for where there is one. */
  get #roomBytes(): number {
    const { envelope } = this;
    this.#knownRoomBytes ??= this.#config.maxBytes - messageBytes(contentOf(envelope, '[]', 'utf-8', 0));
    return this.#knownRoomBytes;
  }

  #limit(): number {
    if (this.#config.compression === 'none') return this.#roomBytes;
    return Math.min(mostRawBytes, this.#roomBytes * this.#shrinkage.factor);
  }
}

/** Whether messages are arrays: where each has one reading, that stands by itself. */
export function isArrayOf({ maxReadings }: BatchConfig): boolean {
  return maxReadings > 1;
}

/** Estimates from one batch to the next what gzip will make of it, so that it comes out just below the size wanted. */
export class Shrinkage {
  #factor = 2;

  get factor(): number {
    return this.#factor;
  }

  /** A message that comes out too large costs a whole unit more: quick to believe in less, slow to believe in more. */
  learn(before: number, after: number): void {
    const factor = Math.max(1, (before / after) * 0.95);
    this.#factor = factor < this.#factor ? factor : this.#factor + (factor - this.#factor) / 4;
  }
}

/**
 * A reading as it stands in a message.
 * @param json its values
 * @param iso when it was measured, for one of several that does not say so; one alone has it in the message's properties
 */
export function readingText(json: string, iso: string | undefined): string {
  if (iso === undefined) return json;
  return json === '{}' ? `{"time":"${iso}"}` : `{"time":"${iso}",${json.slice(1)}`;
}

/** Many readings are of the same millisecond, and writing a time costs as much as the rest of a small one. */
export class IsoTimes {
  #lastMs = NaN;
  #last = '';

  of(ms: number): string {
    if (ms !== this.#lastMs) [this.#lastMs, this.#last] = [ms, new Date(ms).toISOString()];
    return this.#last;
  }
}

function contentOf(
  envelope: Envelope,
  body: string | Buffer,
  contentEncoding: 'utf-8' | 'gzip',
  createdAtMs: number,
): MessageContent {
  const { input, component, properties } = envelope;
  return {
    input,
    component,
    properties,
    body,
    contentType: 'application/json',
    contentEncoding,
    createdAtMs,
  };
}
