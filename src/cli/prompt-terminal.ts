import process from 'node:process';
import { createInterface } from 'node:readline';
import type { Interface } from 'node:readline';
import { Writable } from 'node:stream';
import { Refusal } from '../init/refusal.ts';
import type { Terminal } from '../init/terminal.ts';

/** A terminal that can be left in order. */
export interface OpenTerminal extends Terminal {
  close(): void;
}

/**
 * Standard input and standard error, when both are a terminal. Nothing that is typed shows but while a question that is no
 * secret waits for its answer: a key that is pasted ahead of its question does not, either. Ctrl-C and Ctrl-D make the
 * question reject with a Refusal.
 */
export function openTerminal(): OpenTerminal | undefined {
  return process.stdin.isTTY && process.stderr.isTTY ? new PromptTerminal() : undefined;
}

class PromptTerminal implements OpenTerminal {
  readonly #screen = new Screen();
  readonly #lines: Interface;
  /** What was typed ahead, a line each. */
  readonly #ahead: string[] = [];
  #waiting: ((line: string | undefined) => void) | undefined;
  #isOver = false;

  constructor() {
    this.#lines = createInterface({
      input: process.stdin,
      output: this.#screen,
      terminal: true,
      historySize: 0,
    });
    this.#lines.on('line', (line) => {
      this.#screen.isShown = false;
      // Further lines may come at once, before whoever waits for this one goes on.
      const waiting = this.#waiting;
      this.#waiting = undefined;
      if (waiting === undefined) this.#ahead.push(line);
      else waiting(line);
    });
    this.#lines.on('SIGINT', () => {
      this.close();
    });
    this.#lines.on('close', () => {
      this.#isOver = true;
      this.#waiting?.(undefined);
    });
  }

  say(text: string): void {
    process.stderr.write(`${text}\n`);
  }

  async ask(question: string): Promise<string> {
    const ahead = this.#ahead.shift();
    if (ahead !== undefined) {
      this.say(question + ahead);
      return ahead;
    }
    this.#screen.isShown = true;
    this.#lines.setPrompt(question);
    // What of the answer has been typed already is shown with it.
    if (!this.#isOver) this.#lines.prompt(true);
    return this.#next();
  }

  async askHidden(question: string): Promise<string> {
    process.stderr.write(question);
    const answer = this.#ahead.shift() ?? (await this.#next());
    process.stderr.write('\n');
    return answer;
  }

  close(): void {
    this.#screen.isShown = false;
    this.#lines.close();
  }

  async #next(): Promise<string> {
    const line = await new Promise<string | undefined>((resolve) => {
      this.#waiting = resolve;
      if (this.#isOver) resolve(undefined);
    });
    if (line !== undefined) return line;
    process.stderr.write('\n');
    throw new Refusal('cannot go on: it was broken off; nothing has been written');
  }
}

/** What readline draws: the question and the answer as it is edited, or nothing of it. */
class Screen extends Writable {
  isShown = false;

  /** Where lines wrap. */
  get columns(): number {
    return process.stderr.columns;
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    if (this.isShown) process.stderr.write(chunk);
    done();
  }
}
