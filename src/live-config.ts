import type { Config } from './config/schema.ts';
import { Bell } from './lib/bell.ts';

/**
 * The configuration in force: that of the files, with what the twin says over it. Whatever can be steered reads it anew
 * each time; who waits for something in it listens to `changed`.
 */
export class LiveConfig {
  readonly changed = new Bell();
  #current: Config;
  #configured: Config;
  #generation = 0;

  constructor(config: Config) {
    this.#current = config;
    this.#configured = config;
  }

  get current(): Config {
    return this.#current;
  }

  /** That of the files alone: what holds where the twin asks for nothing, or its time is over. */
  get configured(): Config {
    return this.#configured;
  }

  /** How often it has been put: whatever began under this number had at least this configuration. */
  get generation(): number {
    return this.#generation;
  }

  /** @param configured what of it the files say */
  put(current: Config, configured: Config): void {
    this.#current = current;
    this.#configured = configured;
    this.#generation += 1;
    this.changed.ring();
  }
}
