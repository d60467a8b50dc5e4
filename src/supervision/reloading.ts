import { describeError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import { reload, wayKeys } from './live-parts.ts';
import type { Notifier } from './notifier.ts';

export interface ReloadingOptions<T extends object> {
  /** Of the files, as the agent was started with it. */
  readonly config: T;
  /** Reads the files anew; throws when they are not valid. */
  readonly read: () => Promise<{ readonly config: T; readonly warnings: readonly string[] }>;
  /** Puts it in force. @param isOtherWay whether the cloud is reached in another way from now on */
  readonly apply: (config: T, isOtherWay: boolean) => void;
  readonly notifier: Notifier | undefined;
  /** On the clock that systemd has, CLOCK_MONOTONIC. */
  readonly monotonicUsec: () => bigint;
  readonly log: Log;
}

/**
 * The configuration read anew at somebody's wish. What the running agent can take up is in force at once; what needs a
 * start is said. Files that are not valid change nothing. One at a time, in the order in which they were asked for.
 */
export class Reloading<T extends object> {
  readonly #options: ReloadingOptions<T>;
  #config: T;
  #turn: Promise<void> = Promise.resolve();

  constructor(options: ReloadingOptions<T>) {
    this.#options = options;
    this.#config = options.config;
  }

  /** Never rejects. */
  request(): Promise<void> {
    this.#turn = this.#turn.then(() => this.#reload());
    return this.#turn;
  }

  async #reload(): Promise<void> {
    const { notifier, monotonicUsec, log } = this.#options;
    notifier?.tell({ RELOADING: 1, MONOTONIC_USEC: String(monotonicUsec()) });
    try {
      await this.#takeUp();
    } catch (error) {
      log.error(
        { error: describeError(error) },
        `cannot reload the configuration, and it stays as it was: ${describeError(error)}`,
      );
    } finally {
      notifier?.tell({ READY: 1 });
    }
  }

  async #takeUp(): Promise<void> {
    const { read, apply, log } = this.#options;
    const { config: wanted, warnings } = await read();
    for (const warning of warnings) log.warn(warning);
    const { config, applied, waiting } = reload(this.#config, wanted);
    this.#config = config;
    if (applied.length > 0)
      apply(
        config,
        applied.some((key) => wayKeys.includes(key)),
      );
    log.info(
      { applied, waiting },
      applied.length + waiting.length === 0
        ? 'the configuration was read again: nothing has changed'
        : `the configuration was read again: in force from now on: ${applied.length === 0 ? 'nothing new' : applied.join(', ')}`,
    );
    if (waiting.length > 0)
      log.warn(
        { waiting },
        `what has changed in ${waiting.join(', ')} needs a start of the agent: systemctl restart dps-agent`,
      );
  }
}
