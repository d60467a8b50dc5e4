import type { Log } from '../../lib/log.ts';

/** Says in the log what the twin asks for in vain: each once, for as long as it is asked for. */
export class Refusals {
  readonly #log: Log;
  #said: ReadonlySet<string> = new Set();

  constructor(log: Log) {
    this.#log = log;
  }

  say(problems: readonly string[]): void {
    for (const problem of problems) {
      if (!this.#said.has(problem)) this.#log.warn(`the twin asks for what cannot be: ${problem}`);
    }
    this.#said = new Set(problems);
  }
}
