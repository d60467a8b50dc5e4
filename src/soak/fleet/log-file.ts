import { appendFile, rename } from 'node:fs/promises';
import { describeError } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';

/** Waiting to be written, in bytes: beyond that a disk is too slow, and lines are let go. */
const mostWaiting = 1_000_000;

export interface LogFileOptions {
  readonly path: string;
  /** Of the file and of the one before it, `PATH.1`, each. */
  readonly maxBytes: number;
  /** Is told how many lines are no longer there, or never were. */
  readonly onOmitted: (lines: number) => void;
  readonly log: Log;
}

/** A log in at most two files: what is full takes the place of the one before. */
export class LogFile {
  readonly #options: LogFileOptions;
  #waiting: string[] = [];
  #waitingBytes = 0;
  #bytes = 0;
  #lines = 0;
  #linesBefore = 0;
  #writing: Promise<void> | undefined;
  #isFailing = false;

  constructor(options: LogFileOptions) {
    this.#options = options;
  }

  push(line: string): void {
    if (this.#waitingBytes > mostWaiting) {
      this.#options.onOmitted(1);
      return;
    }
    this.#waiting.push(line);
    this.#waitingBytes += line.length;
    this.#writing ??= this.#write();
  }

  /** Resolves when all that was pushed is written. */
  async flushed(): Promise<void> {
    await this.#writing;
  }

  /** Whatever has come meanwhile goes in the next piece. A log that cannot be written ends no soak: it is said, once. */
  async #write(): Promise<void> {
    const { path, onOmitted } = this.#options;
    // Not within `push`, so that lines that come together are written together.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const lines = this.#waiting;
      this.#waiting = [];
      this.#waitingBytes = 0;
      const text = `${lines.join('\n')}\n`;
      try {
        if (this.#bytes > 0 && this.#bytes + text.length > this.#options.maxBytes) await this.#turn();
        await appendFile(path, text, { mode: 0o600 });
        this.#bytes += Buffer.byteLength(text);
        this.#lines += lines.length;
        this.#succeeded();
      } catch (error) {
        onOmitted(lines.length);
        this.#failed(describeError(error));
      }
    }
    this.#writing = undefined;
  }

  #failed(error: string): void {
    const { path, log } = this.#options;
    if (!this.#isFailing) log.warn({ error }, `cannot write the log ${path}: ${error}`);
    this.#isFailing = true;
  }

  #succeeded(): void {
    const { path, log } = this.#options;
    if (this.#isFailing) log.warn({}, `the log ${path} is written again`);
    this.#isFailing = false;
  }

  async #turn(): Promise<void> {
    const { path, onOmitted } = this.#options;
    await rename(path, `${path}.1`);
    if (this.#linesBefore > 0) onOmitted(this.#linesBefore);
    this.#linesBefore = this.#lines;
    this.#lines = 0;
    this.#bytes = 0;
  }
}
