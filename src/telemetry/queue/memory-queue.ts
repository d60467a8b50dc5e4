import type { Log } from '../../lib/log.ts';
import { maxMessageBytes, messageBytes } from '../message.ts';
import type { TelemetryMessage } from '../message.ts';
import type { DropReason, QueuedMessage, TelemetryQueue } from './queue.ts';

interface Entry extends QueuedMessage {
  readonly sequence: number;
}

/** A bounded queue in memory: the oldest message makes room for the newest, and what is dropped is counted and said. */
export class MemoryQueue implements TelemetryQueue {
  readonly #maxMessages: number;
  readonly #log: Log;
  readonly #dropped: Record<DropReason, number> = { cap: 0, oversize: 0 };
  /** In the order of their sequence; what was released is older than all that waits. */
  readonly #released: Entry[] = [];
  readonly #waiting: Entry[] = [];
  readonly #taken = new Set<QueuedMessage>();
  readonly #takers: ((entry: Entry) => void)[] = [];
  #nextSequence = 0;
  #overflowing = false;

  constructor(maxMessages: number, log: Log) {
    this.#maxMessages = maxMessages;
    this.#log = log;
  }

  get depth(): number {
    return this.#released.length + this.#waiting.length + this.#taken.size;
  }

  get dropped(): Readonly<Record<DropReason, number>> {
    return this.#dropped;
  }

  push(message: TelemetryMessage): Promise<void> {
    if (messageBytes(message) > maxMessageBytes) this.#dropOversize(message);
    else this.#accept({ message, sequence: this.#nextSequence++ });
    return Promise.resolve();
  }

  take(signal: AbortSignal): Promise<QueuedMessage | undefined> {
    if (signal.aborted) return Promise.resolve(undefined);
    const entry = this.#shift();
    if (entry !== undefined) {
      this.#taken.add(entry);
      return Promise.resolve(entry);
    }
    return this.#waitForOne(signal);
  }

  acknowledge(entry: QueuedMessage): void {
    this.#taken.delete(entry);
    // Not as soon as one fits: at the brim both would be said at every other message.
    if (this.#overflowing && this.depth <= this.#maxMessages / 2) {
      this.#overflowing = false;
      this.#log.warn(
        { dropped: this.#dropped.cap },
        `the telemetry queue has room again; ${this.#dropped.cap} dropped since the start`,
      );
    }
  }

  release(entry: QueuedMessage): void {
    if (!this.#taken.delete(entry)) return;
    const returned = entry as Entry;
    const taker = this.#takers.shift();
    if (taker !== undefined) {
      taker(returned);
      return;
    }
    const at = this.#released.findIndex(({ sequence }) => sequence > returned.sequence);
    this.#released.splice(at === -1 ? this.#released.length : at, 0, returned);
    this.#makeRoom();
  }

  #accept(entry: Entry): void {
    const taker = this.#takers.shift();
    if (taker !== undefined) {
      taker(entry);
      return;
    }
    this.#waiting.push(entry);
    this.#makeRoom();
  }

  #waitForOne(signal: AbortSignal): Promise<QueuedMessage | undefined> {
    return new Promise((resolve) => {
      const taker = (entry: Entry): void => {
        signal.removeEventListener('abort', onAbort);
        this.#taken.add(entry);
        resolve(entry);
      };
      const onAbort = (): void => {
        this.#takers.splice(this.#takers.indexOf(taker), 1);
        resolve(undefined);
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#takers.push(taker);
    });
  }

  #shift(): Entry | undefined {
    return this.#released.shift() ?? this.#waiting.shift();
  }

  /** What is taken stays even where it alone exceeds the limit: it is being sent. */
  #makeRoom(): void {
    while (this.depth > this.#maxMessages && this.#shift() !== undefined) this.#countDropped();
  }

  #countDropped(): void {
    this.#dropped.cap += 1;
    if (this.#overflowing) return;
    this.#overflowing = true;
    this.#log.warn(
      { maxMessages: this.#maxMessages },
      'the telemetry queue is full: the oldest messages are being dropped',
    );
  }

  #dropOversize(message: TelemetryMessage): void {
    this.#dropped.oversize += 1;
    const { messageId } = message;
    const bytes = messageBytes(message);
    this.#log.error(
      { messageId, bytes, maxMessageBytes },
      `cannot send a message of ${bytes} bytes: IoT Hub takes ${maxMessageBytes}`,
    );
  }
}
