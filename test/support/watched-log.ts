import { pino } from 'pino';
import type { Log } from '../../src/lib/log.ts';
import { keepLogged } from './test-logs.ts';

export type LoggedLine = Readonly<Record<string, unknown>> & { readonly level: number; readonly msg: string };

/** The program's real logger, whose lines a test can wait for. */
export class WatchedLog {
  readonly log: Log;
  readonly lines: LoggedLine[] = [];
  readonly #listeners = new Set<(line: LoggedLine) => void>();

  constructor() {
    this.log = pino(
      { level: 'debug', base: null },
      {
        write: (text) => {
          this.take(text);
        },
      },
    );
  }

  /** One line of JSON, from the logger or from a process that uses it. */
  take(text: string): void {
    keepLogged(text.endsWith('\n') ? text : `${text}\n`);
    const line = JSON.parse(text) as LoggedLine;
    this.lines.push(line);
    for (const listener of [...this.#listeners]) listener(line);
  }

  /** The first line, logged since `from` or yet to come, that satisfies; rejects after `withinMs`. */
  async until(wanted: (line: LoggedLine) => boolean, withinMs = 15_000, from = 0): Promise<LoggedLine> {
    const found = this.lines.slice(from).find(wanted);
    if (found !== undefined) return found;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#listeners.delete(listener);
        const last = this.lines.slice(-5).map(({ msg }) => msg);
        reject(new Error(`no such line within ${withinMs} ms; the last were:\n${last.join('\n')}`));
      }, withinMs);
      const listener = (line: LoggedLine): void => {
        if (!wanted(line)) return;
        this.#listeners.delete(listener);
        clearTimeout(timer);
        resolve(line);
      };
      this.#listeners.add(listener);
    });
  }

  /** The agent's next announcement of this state after line number `from`. */
  untilState(state: string, withinMs?: number, from?: number): Promise<LoggedLine> {
    return this.until((line) => line['state'] === state, withinMs, from);
  }

  untilCode(code: string, withinMs?: number, from?: number): Promise<LoggedLine> {
    return this.until((line) => line['code'] === code, withinMs, from);
  }
}
