import type { Bell } from '../lib/bell.ts';
import type { Clock } from '../lib/clock.ts';
import { untilStopped } from '../lib/deadline.ts';
import type { Log } from '../lib/log.ts';
import { inScope } from '../lib/scope.ts';
import type { Service } from '../lib/service.ts';
import type { Notifier } from './notifier.ts';
import { stuck } from './pulse.ts';
import type { Pulse } from './pulse.ts';

export interface SupervisedOptions {
  readonly notifier: Notifier;
  readonly pulses: () => readonly Pulse[];
  /** Goes once through Node's thread pool: before that, there is no service to speak of. */
  readonly crossThreadPool: () => Promise<unknown>;
  /** What `systemctl status` shows. */
  readonly statusLine: () => string;
  /** Rings when that may be another. */
  readonly changed: Bell;
  /** How long an orderly end may take, in milliseconds. */
  readonly stopDeadlineMs: number;
  readonly clock: Clock;
  readonly log: Log;
}

/** Without a watchdog the status is still brought up to date as often as this, in milliseconds. */
const unwatchedBeatMs = 20_000;
/** systemd.service(5) asks for a sign of life in half of its time; a third forgives one that comes late. */
const beatsInWatchdog = 3;

/**
 * The agent as a service of systemd's: READY once everything has begun to turn, STATUS in words, a sign of life as long as
 * every loop turns, STOPPING at its end. To be begun after all that it watches. Being offline is not ill health; a loop
 * that hangs is, and so is whatever keeps the event loop from turning: then there is no sign of life,
 * systemd ends the process and starts it again.
 */
export class Supervised implements Service {
  readonly name = 'supervision';
  readonly #options: SupervisedOptions;
  #told: string | undefined;
  #isUnwell = false;

  constructor(options: SupervisedOptions) {
    this.#options = options;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { notifier, crossThreadPool, clock, stopDeadlineMs } = this.#options;
    await untilStopped(Promise.allSettled([crossThreadPool()]), signal);
    if (!signal.aborted) notifier.tell({ READY: 1, ...this.#status() });
    let beatAtMs = clock.monotonic();
    while (!signal.aborted) {
      this.#tellStatus();
      if (clock.monotonic() >= beatAtMs) {
        this.#beat();
        beatAtMs = clock.monotonic() + this.#beatMs();
      }
      await this.#untilChangeOr(beatAtMs, signal);
    }
    notifier.tell({ STOPPING: 1, STATUS: 'stopping', EXTEND_TIMEOUT_USEC: 2000 * stopDeadlineMs });
  }

  #beatMs(): number {
    const { watchdogMs } = this.#options.notifier;
    return watchdogMs === undefined ? unwatchedBeatMs : watchdogMs / beatsInWatchdog;
  }

  #beat(): void {
    const { notifier } = this.#options;
    if (this.#isWell()) notifier.tell({ WATCHDOG: 1 });
  }

  #isWell(): boolean {
    const { pulses, clock, log } = this.#options;
    const hanging = stuck(pulses(), clock.monotonic()).map(({ name }) => name);
    if (hanging.length > 0 && !this.#isUnwell)
      log.error({ hanging }, `${hanging.join(', ')} no longer turns: systemd is not told that all is well`);
    if (hanging.length === 0 && this.#isUnwell) log.info('everything turns again');
    this.#isUnwell = hanging.length > 0;
    return !this.#isUnwell;
  }

  async #untilChangeOr(beatAtMs: number, signal: AbortSignal): Promise<void> {
    const { clock, changed } = this.#options;
    const ms = Math.max(0, beatAtMs - clock.monotonic());
    await inScope(signal, ({ signal: wait }) =>
      untilStopped(Promise.race([clock.sleep(ms, wait), changed.heard()]), wait),
    );
  }

  #tellStatus(): void {
    const before = this.#told;
    const status = this.#status();
    if (this.#told !== before) this.#options.notifier.tell(status);
  }

  #status(): { STATUS: string } {
    this.#told = this.#options.statusLine();
    return { STATUS: this.#told };
  }
}
