import type { Clock } from '../lib/clock.ts';
import { untilStopped } from '../lib/deadline.ts';
import type { Log } from '../lib/log.ts';
import { inScope } from '../lib/scope.ts';
import type { Service } from '../lib/service.ts';
import { describeOffset, describeSpan } from '../lib/span.ts';
import { ClockAttempt } from './clock-attempt.ts';
import { isSuspect, judge, toleratedOffsetMs } from './condition.ts';
import type { ClockCondition, Verdict } from './condition.ts';
import { Happening } from './happening.ts';
import type { WrittenFile } from './newest-file.ts';
import type { SyncReport } from './sync-probe.ts';
import { WallSteps } from './wall-steps.ts';

export interface ClockWatchOptions {
  /** How long the agent waits for a synchronisation before it does anything else, in milliseconds; 0 is not at all. */
  readonly waitForSyncMs: number;
  readonly probe: {
    ask(signal: AbortSignal): Promise<SyncReport>;
    flagTouchedMs(): Promise<number | undefined>;
  };
  /** What must be added to the clock to make it right, in milliseconds, if that can be said. */
  readonly measureOffset: (signal: AbortSignal) => Promise<number | undefined>;
  /** Looked for once, before the agent itself writes anything. */
  readonly newestFile: () => Promise<WrittenFile | undefined>;
  readonly builtAt?: Date | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

type Name = ClockCondition['state'];

/** How often the wall clock is held against the monotonic one, in milliseconds. */
const tickMs: Readonly<Record<Name, number>> = { waiting: 1000, suspect: 1000, unknown: 5000, good: 5000 };

/**
 * How often the machine is asked again. A clock that was good stays so until it is set: one that is merely no longer
 * synchronised, as the kernel says after hours without a network, drifts by seconds a day.
 */
const askAgainMs: Readonly<Record<Name, number>> = {
  waiting: 5000,
  suspect: 60_000,
  unknown: 60_000,
  good: Infinity,
};

/** How soon an offset is measured again: one that could not be had, and one that is known. */
const measureAgainMs = { waiting: 10_000, otherwise: 60_000, known: 900_000 };

/**
 * Knows at any time whether this machine's clock can be trusted: asks at the start, waits a bounded time for it to be
 * synchronised, and watches it from then on. Never sets it. Runs until its signal is aborted.
 */
export class ClockWatch implements Service {
  readonly name = 'clock';
  readonly #options: ClockWatchOptions;
  readonly #steps: WallSteps;
  #condition: ClockCondition;
  readonly #changes = new Happening();
  readonly #corrections = new Happening();
  /** The first condition is told even where it is the one the agent began with. */
  #announced = false;
  #newest: WrittenFile | undefined;
  #offset: { readonly ms: number | undefined; readonly measuredAtMs: number } | undefined;
  /** The clock was set, and has not been found right since. */
  #wasSet = false;

  constructor(options: ClockWatchOptions) {
    this.#options = options;
    this.#steps = new WallSteps(options.clock);
    const sinceMs = options.clock.monotonic();
    this.#condition = { state: 'waiting', sinceMs, reason: 'it has not been looked at yet' };
  }

  get condition(): ClockCondition {
    return this.#condition;
  }

  /** Resolves with the next state that is not the present one; rejects with the signal's reason. */
  async changed(signal: AbortSignal): Promise<ClockCondition> {
    await this.#changes.next(signal);
    return this.#condition;
  }

  /** Resolves when the wait at the start is over, however it ended; rejects with the signal's reason. */
  async settled(signal: AbortSignal): Promise<ClockCondition> {
    while (this.#condition.state === 'waiting') await this.changed(signal);
    return this.#condition;
  }

  /** To be called as an attempt to reach the cloud begins: says what the clock had to do with its end. */
  begin(): ClockAttempt {
    return new ClockAttempt(() => this.#condition, this.#corrections);
  }

  async run(signal: AbortSignal): Promise<void> {
    await untilStopped(this.#watch(signal), signal);
  }

  async #watch(signal: AbortSignal): Promise<never> {
    const { clock, newestFile, waitForSyncMs } = this.#options;
    const waitEndsMs = clock.monotonic() + waitForSyncMs;
    this.#newest = await newestFile();
    for (;;) {
      const isSettled = await this.#look(waitEndsMs, signal);
      if (isSettled) await this.#untilWorthLooking(this.#askAtMs(waitEndsMs), signal);
    }
  }

  /** Resolves with false when there is something new to be looked at, at once. */
  async #look(waitEndsMs: number, signal: AbortSignal): Promise<boolean> {
    const sync = await this.#options.probe.ask(signal);
    const told = this.#judge(sync);
    const worthMeasuring = this.#worthMeasuring(sync, told);
    if (told.state === 'suspect' || !worthMeasuring) this.#become(told, waitEndsMs);
    if (!worthMeasuring) return true;
    const isMeasured = await this.#measure(waitEndsMs, signal);
    if (isMeasured) this.#become(this.#judge(sync), waitEndsMs);
    return isMeasured;
  }

  #judge(sync: SyncReport): Verdict {
    const { clock, builtAt } = this.#options;
    return judge({
      now: clock.now(),
      sync,
      builtAt,
      newest: this.#newest,
      offsetMs: this.#offset?.ms,
    });
  }

  /** Only where nobody vouches for the clock: the measurement is a connection to somebody else's machine. */
  #worthMeasuring({ answer }: SyncReport, told: Verdict): boolean {
    if (answer === 'synchronised') return false;
    if (told.state === 'unknown' && !this.#wasSet) return false;
    if (this.#offset === undefined) return true;
    return this.#options.clock.monotonic() >= this.#offset.measuredAtMs + this.#measureAgainMs();
  }

  #measureAgainMs(): number {
    if (this.#offset?.ms !== undefined) return measureAgainMs.known;
    return this.#condition.state === 'waiting' ? measureAgainMs.waiting : measureAgainMs.otherwise;
  }

  /** Resolves with false when the measurement was not waited for: the clock was set, or the wait at the start is over. */
  async #measure(waitEndsMs: number, signal: AbortSignal): Promise<boolean> {
    const { measureOffset, clock } = this.#options;
    const known = this.#offset?.ms;
    this.#offset = { ms: known, measuredAtMs: clock.monotonic() };
    const untilMs = this.#condition.state === 'waiting' ? waitEndsMs : Infinity;
    const measured = await inScope(signal, (scope) =>
      Promise.race([
        measureOffset(scope.signal).then((ms) => ({ ms })),
        this.#untilWorthLooking(untilMs, scope.signal),
      ]),
    );
    if (measured === undefined) return false;
    this.#offset = { ms: measured.ms, measuredAtMs: clock.monotonic() };
    this.#sayOffset(measured.ms, known);
    return true;
  }

  #sayOffset(ms: number | undefined, known: number | undefined): void {
    if (ms === undefined || Math.abs(ms) <= toleratedOffsetMs) return;
    if (known !== undefined && Math.abs(ms - known) <= toleratedOffsetMs) return;
    this.#options.log.warn(
      { offsetMs: ms },
      `the clock is ${describeOffset(ms)}; it is not for this program to set it`,
    );
  }

  #askAtMs(waitEndsMs: number): number {
    const { state } = this.#condition;
    const askAtMs = this.#options.clock.monotonic() + askAgainMs[state];
    return state === 'waiting' ? Math.min(askAtMs, waitEndsMs) : askAtMs;
  }

  /** Resolves when the clock was set, systemd-timesyncd has touched its flag, or at `dueMs` on the monotonic clock. */
  async #untilWorthLooking(dueMs: number, signal: AbortSignal): Promise<undefined> {
    const { clock, probe } = this.#options;
    const { state } = this.#condition;
    const touchedMs = await probe.flagTouchedMs();
    while (clock.monotonic() < dueMs) {
      await clock.sleep(Math.min(tickMs[state], dueMs - clock.monotonic()), signal);
      if (this.#noticeStep()) return;
      if (state !== 'good' && (await probe.flagTouchedMs()) !== touchedMs) return;
    }
  }

  #noticeStep(): boolean {
    const stepMs = this.#steps.take();
    if (stepMs === 0) return false;
    const direction = stepMs > 0 ? 'ahead' : 'back';
    this.#options.log.warn(
      { stepMs: Math.round(stepMs) },
      `the clock was set ${direction} by ${describeSpan(stepMs)}, or the machine slept`,
    );
    this.#offset = undefined;
    this.#wasSet = true;
    return true;
  }

  #become({ state: judged, reason }: Verdict, waitEndsMs: number): void {
    const waits = this.#condition.state === 'waiting' && this.#options.clock.monotonic() < waitEndsMs;
    const state = judged === 'suspect' && waits ? 'waiting' : judged;
    const before = this.#condition;
    const sinceMs = before.state === state ? before.sinceMs : this.#options.clock.monotonic();
    this.#condition = { state, sinceMs, reason, offsetMs: this.#offset?.ms };
    if (before.state !== state || !this.#announced) this.#announce(before);
    if (before.state !== state) this.#changes.happen();
    if (isSuspect(state)) return;
    if (isSuspect(before.state) || this.#wasSet) this.#corrections.happen();
    this.#wasSet = false;
  }

  #announce(before: ClockCondition): void {
    const { log } = this.#options;
    const { state, reason } = this.#condition;
    const fields = { clock: state };
    this.#announced = true;
    switch (state) {
      case 'waiting':
        log.info(fields, `waiting for the clock to be synchronised: ${reason}`);
        return;
      case 'suspect':
        log.warn(
          fields,
          `the clock is suspect: ${reason}; refusals that a wrong clock explains are taken for transient`,
        );
        return;
      case 'good':
      case 'unknown':
        log.info(fields, `${relief(before, this.#condition)}: ${reason}`);
        return;
    }
  }
}

function relief(before: ClockCondition, { state, sinceMs }: ClockCondition): string {
  if (before.state === 'suspect')
    return `the clock is no longer suspect, after ${describeSpan(sinceMs - before.sinceMs)}`;
  return state === 'good' ? 'the clock is good' : 'the clock is taken as right';
}
