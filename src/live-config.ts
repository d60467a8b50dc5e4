import type { Config } from './config/schema.ts';
import { Bell } from './lib/bell.ts';

/**
 * The configuration in force: that of the files, with what the twin says over it. Whatever can be steered reads it anew
 * each time; who waits for something in it listens to `changed`.
 */
export class LiveConfig {
  readonly changed = new Bell();
  #current: Config;
  #generation = 0;

  constructor(config: Config) {
    this.#current = config;
  }

  get current(): Config {
    return this.#current;
  }

  /** How often it has been put: whatever began under this number had at least this configuration. */
  get generation(): number {
    return this.#generation;
  }

  put(config: Config): void {
    this.#current = config;
    this.#generation += 1;
    this.changed.ring();
  }
}
