import { describeError } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import type { DeadLetter, DeadLetterFile } from './dead-letter.ts';

/** How many letters wait for a disk that fails; the message of one that finds no room is lost but for its count. */
const maxWaiting = 64;

/** What is on its way to the dead-letter file. A disk that fails costs letters, never anything else. */
export class DeadLetterBox {
  readonly #file: DeadLetterFile;
  readonly #log: Log;
  #waiting: DeadLetter[] = [];
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

  /** A disk that failed may work again. */
  tryAgain(): void {
    this.#triedInVain = false;
  }

  async empty(): Promise<void> {
    const letters = this.#waiting;
    this.#waiting = [];
    try {
      this.bytesWritten += await this.#file.append(letters);
      this.#failing = false;
    } catch (error) {
      this.#waiting = [...letters, ...this.#waiting].slice(0, maxWaiting);
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
