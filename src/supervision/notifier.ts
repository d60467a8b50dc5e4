import { describeError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';

/** What systemd is told, in the terms of sd_notify(3): `READY`, `STATUS`, `WATCHDOG`, … with their values. */
export type Notice = Readonly<Record<string, string | number>>;

export interface Notifier {
  /** How long systemd waits between two signs of life, in milliseconds; `undefined`: it does not wait for any. */
  readonly watchdogMs: number | undefined;
  /** Never throws and never waits: the agent's work goes on whether or not systemd hears of it. */
  tell(notice: Notice): void;
}

export interface SystemdNotifierOptions {
  /** Sends one datagram, or throws. */
  readonly send: (text: string) => void;
  readonly watchdogMs: number | undefined;
  readonly log: Log;
}

/** Tells systemd by a datagram a notice. When that fails it is said once, and its end once. */
export class SystemdNotifier implements Notifier {
  readonly watchdogMs: number | undefined;
  readonly #options: SystemdNotifierOptions;
  #untold = 0;

  constructor(options: SystemdNotifierOptions) {
    this.#options = options;
    this.watchdogMs = options.watchdogMs;
  }

  tell(notice: Notice): void {
    const { send, log } = this.#options;
    try {
      send(noticeText(notice));
      if (this.#untold > 0) log.info({ untold: this.#untold }, 'systemd hears the agent again');
      this.#untold = 0;
    } catch (error) {
      this.#untold += 1;
      if (this.#untold === 1)
        log.warn(
          { error: describeError(error) },
          `cannot tell systemd how the agent is: ${describeError(error)}`,
        );
    }
  }
}

/** A line each: what would begin another line is a space. */
function noticeText(notice: Notice): string {
  return Object.entries(notice)
    .map(([name, value]) => `${name}=${String(value).replaceAll(/\s+/g, ' ')}`)
    .join('\n');
}
