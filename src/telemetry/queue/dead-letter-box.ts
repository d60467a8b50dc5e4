import { describeError } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import { maxMessageBytes, messageBytes } from '../message.ts';
import type { MessageDraft } from '../message.ts';
import type { DeadLetter, DeadLetterFile } from './dead-letter.ts';

/** How many letters wait for a disk that fails; the message of one that finds no room is lost but for its count. */
const maxWaiting = 64;
/** As much is kept of the body of one that is too large, in bytes. */
const shownBytes = 4096;
const showAgainMs = 3_600_000;

/** What is on its way to the dead-letter file. A disk that fails costs letters, never anything else. */
export class DeadLetterBox {
  readonly #file: DeadLetterFile;
  readonly #log: Log;
  readonly #waiting: DeadLetter[] = [];
  /** When one of an input that is too large was put, on the monotonic clock. */
  readonly #tooLargeMs = new Map<string, number>();
  #failing = false;
  #triedInVain = false;
  bytesWritten = 0;

  constructor(file: DeadLetterFile, log: Log) {
    this.#file = file;
    this.#log = log;
  }

  /** Whether there is something to write that was not tried in vain just now. */
  get isDue(): boolean {
    return this.#waiting.length > 0 && !this.#triedInVain;
  }

  put(letter: DeadLetter): void {
    if (this.#waiting.length < maxWaiting) this.#waiting.push(letter);
  }

  /**
   * One that is too large for the hub: its beginning, to show what it is. What makes one mostly makes more, and a card is
   * not worn out for them: one an hour of each input will do.
   * @param nowMs on the monotonic clock
   */
  putTooLarge(draft: MessageDraft, nowMs: number, whenMs: number): void {
    if (nowMs - (this.#tooLargeMs.get(draft.input) ?? -Infinity) < showAgainMs) return;
    this.#tooLargeMs.set(draft.input, nowMs);
    const why = `it has ${messageBytes(draft)} bytes, and IoT Hub takes at most ${maxMessageBytes}; its first ${shownBytes}`;
    this.put({ message: shortened(draft), why, whenMs });
  }

  /** A disk that failed may work again. */
  tryAgain(): void {
    this.#triedInVain = false;
  }

  async empty(): Promise<void> {
    try {
      for (let [letter] = this.#waiting; letter !== undefined; [letter] = this.#waiting) {
        this.bytesWritten += await this.#file.append(letter);
        this.#waiting.shift();
      }
      this.#failing = false;
    } catch (error) {
      if (!this.#failing)
        this.#log.warn(
          { error: describeError(error) },
          `cannot write the dead-letter file: ${describeError(error)}; rejected messages are counted only`,
        );
      this.#failing = true;
      this.#triedInVain = true;
    }
  }
}

/** The same with the beginning of its body only, which keeps nothing of the rest alive. */
function shortened(draft: MessageDraft): DeadLetter['message'] {
  const { body } = draft;
  const start = typeof body === 'string' ? body.slice(0, shownBytes) : body.subarray(0, shownBytes);
  return { ...draft, body: Buffer.from(start) };
}
