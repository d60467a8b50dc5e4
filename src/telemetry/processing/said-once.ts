import type { Log } from '../../lib/log.ts';

/** Beyond this many names no more are told: an input that invents names must not flood the log. */
const maxNames = 20;

/** Tells of each value once what cannot be done to it. */
export class SaidOnce {
  readonly #log: Log;
  readonly #said = new Set<string>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** @param name of the value, or whatever else it is about; `message` begins with "cannot" */
  warn(name: string, message: string): void {
    if (this.#said.has(name) || this.#said.size >= maxNames) return;
    this.#said.add(name);
    this.#log.warn({ value: name }, message);
  }
}
