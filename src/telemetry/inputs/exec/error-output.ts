import type { Readable } from 'node:stream';
import type { Clock } from '../../../lib/clock.ts';
import type { Log } from '../../../lib/log.ts';
import { LineSplitter } from './line-splitter.ts';
import type { Line } from './line-splitter.ts';

/** Reads a program's standard error to its end: logs it at debug, within bounds, and keeps the first line and the last. */
export class ErrorOutput {
  /** Empty until there is one. */
  first = '';
  last = '';
  readonly #clock: Clock;
  readonly #log: Log;
  #minute = -1;
  #logged = 0;
  #notLogged = 0;

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  async read(stream: Readable): Promise<void> {
    const splitter = new LineSplitter(maxLineBytes);
    for await (const chunk of stream as AsyncIterable<Buffer>)
      for (const line of splitter.push(chunk)) this.#take(line);
    const rest = splitter.rest();
    if (rest !== undefined) this.#take(rest);
    this.#tellNotLogged();
  }

  #take(line: Line): void {
    const text = textOf(line);
    if (text === '') return;
    if (this.first === '') this.first = text;
    this.last = text;
    const minute = Math.floor(this.#clock.monotonic() / 60_000);
    if (minute !== this.#minute) {
      this.#tellNotLogged();
      [this.#minute, this.#logged] = [minute, 0];
    }
    this.#logged += 1;
    if (this.#logged <= maxLinesAMinute) this.#log.debug(text);
    else this.#notLogged += 1;
  }

  #tellNotLogged(): void {
    if (this.#notLogged > 0) this.#log.debug(`${this.#notLogged} more lines of standard error, not logged`);
    this.#notLogged = 0;
  }
}

const maxLineBytes = 4096;
const maxCharacters = 200;
const maxLinesAMinute = 100;

function textOf(line: Line): string {
  if ('droppedBytes' in line) return `(a line of ${line.droppedBytes} bytes)`;
  const text = line.bytes.toString().trim();
  return text.length > maxCharacters ? `${text.slice(0, maxCharacters)}…` : text;
}
