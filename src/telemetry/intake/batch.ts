import { gzipSync } from 'node:zlib';
import type { BatchConfig } from '../../config/inputs/batch.ts';
import { bytesOf, messageBytes } from '../message.ts';
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
    // How long a large text is, it would be asked again and again; bytes know it.
    const plain = this.isArray ? arrayOf(this.#texts, this.#textBytes + 1) : this.#texts.join();
    if (this.#config.compression === 'none') return contentOf(this.envelope, plain, 'utf-8', nowMs);
    const body = gzipSync(plain);
    // One that came far from being full was small, and says nothing about how large ones shrink.
    if (this.#textBytes * 2 >= this.#limit()) this.#shrinkage.learn(bytesOf(plain), body.length);
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

/** So many texts are made one at a time: V8 makes a large one at the price of many small ones. */
const textsAtOnce = 64;

/** @param bytes of the array */
function arrayOf(texts: readonly string[], bytes: number): Buffer {
  const array = Buffer.allocUnsafe(bytes);
  let at = 0;
  for (let first = 0; first < texts.length; first += textsAtOnce) {
    const some = texts.slice(first, first + textsAtOnce).join();
    at += array.write(first === 0 ? '[' : ',', at);
    at += array.write(some, at);
  }
  at += array.write(']', at);
  return array.subarray(0, at);
}

/** Writes times into readings. Many are of the same millisecond, and writing one costs as much as a small reading. */
export class TimeWriter {
  #lastMs = NaN;
  /** How a reading of that time begins. */
  #begin = '';

  /**
   * The reading with its time, for one of several that does not say it itself.
   * @param json its values
   * @param ms when it was measured, since 1970
   */
  timed(json: string, ms: number): string {
    if (ms !== this.#lastMs) [this.#lastMs, this.#begin] = [ms, `{"time":"${new Date(ms).toISOString()}",`];
    return json === '{}' ? `${this.#begin.slice(0, -1)}}` : this.#begin + json.slice(1);
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
