import { fullJitterMs } from '../lib/backoff.ts';
import type { Bell } from '../lib/bell.ts';
import type { Clock } from '../lib/clock.ts';
import { untilStopped } from '../lib/deadline.ts';
import { describeError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import type { Random } from '../lib/random.ts';
import { inScope } from '../lib/scope.ts';
import type { Service } from '../lib/service.ts';
import type { Input } from './inputs/input.ts';
import type { Fate } from './intake/fate.ts';
import type { Reading } from './reading.ts';

/** What may change about an input while it runs. */
export interface InputSettings {
  readonly enabled: boolean;
  /** `undefined` for one that speaks by itself. */
  readonly intervalMs: number | undefined;
}

export interface InputServiceOptions {
  readonly input: Input;
  /** What is done about a failure: `ignore` waits for the next interval without a word, `fail` ends the agent. */
  readonly onError: 'retry' | 'ignore' | 'fail';
  readonly intake: { take(readings: readonly Reading[]): Fate[]; ready(signal: AbortSignal): Promise<void> };
  /** Whether an input waits until the disk has what it handed over. */
  readonly waitsForDisk: () => boolean;
  readonly settings: () => InputSettings;
  /** Rings when they may have changed. */
  readonly changed: Bell;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export interface InputStatus {
  readonly name: string;
  /** `off`: not enabled. */
  readonly state: 'starting' | 'ok' | 'failing' | 'off';
  /** When it last handed something over, ISO 8601. */
  readonly lastReadingAt?: string | undefined;
  readonly readings: number;
  readonly failures: number;
  /** Why it is failing. */
  readonly error?: string | undefined;
}

/** After failures in a row, in milliseconds; an input that is asked more often than this may be tried as often. */
const retry = { initialMs: 1000, maximumMs: 300_000 };
/** One that speaks by itself is well again once it has been there for so long, in milliseconds. */
const steadyMs = 10_000;
/** No reading that was asked for takes longer than this beside its input's own timeout, in milliseconds. */
const longestReadMs = 600_000;

/**
 * Reads one input, at its interval or for as long as it speaks, and hands on what it says. A failing input is tried again
 * with a backoff; its failure is said once, and its end once. One that speaks and breaks off again and again is failing:
 * a child that says a word and exits floods neither the log nor the process table.
 */
export class InputService implements Service {
  readonly name: string;
  readonly #options: InputServiceOptions;
  readonly #log: Log;
  #failuresInRow = 0;
  #isFailureSaid = false;
  #failures = 0;
  #readings = 0;
  #lastReadingMs: number | undefined;
  /** One that speaks by itself is there: it has said something, or that it listens. */
  #isThere = false;
  #dueMs: number | undefined;
  #hasBeenRead = false;
  #error: string | undefined;

  constructor(options: InputServiceOptions) {
    this.name = `input ${options.input.name}`;
    this.#options = options;
    this.#log = options.log.child({ input: options.input.name });
  }

  get status(): InputStatus {
    const lastReadingAt =
      this.#lastReadingMs === undefined ? undefined : new Date(this.#lastReadingMs).toISOString();
    return {
      name: this.#options.input.name,
      state: this.#state(),
      lastReadingAt,
      readings: this.#readings,
      failures: this.#failures,
      error: this.#error,
    };
  }

  /** When what it is doing should have ended, on the monotonic clock; `undefined` while it may last for ever. */
  get dueMs(): number | undefined {
    return this.#dueMs;
  }

  #state(): InputStatus['state'] {
    if (!this.#isEnabled()) return 'off';
    if (this.#error !== undefined) return 'failing';
    return this.#hasBeenRead ? 'ok' : 'starting';
  }

  /** Runs until its signal is aborted. Rejects only when a failure is to end the agent. */
  async run(signal: AbortSignal): Promise<void> {
    const { input, onError, clock, changed } = this.#options;
    const isAsked = input.intervalMs !== undefined;
    let readAt = clock.monotonic();
    while (!signal.aborted) {
      this.#dueMs = undefined;
      if (!this.#isEnabled()) {
        await changed.until(() => this.#isEnabled(), signal);
        readAt = clock.monotonic();
        continue;
      }
      if (isAsked) this.#dueMs = clock.monotonic() + (input.timeoutMs ?? 0) + longestReadMs;
      const before = this.#readings;
      const isRead = await this.#readWhileEnabled(signal);
      // To try the rest of it sooner would measure and send what can be read more often than it should be.
      const isReadInPart = this.#readings > before;
      if (isAsked && (isRead || isReadInPart || onError === 'ignore')) {
        await this.#untilDue(readAt, signal);
        readAt = this.#dueAt(readAt);
      } else {
        await this.#untilRetry(signal);
        readAt = clock.monotonic();
      }
    }
  }

  /** From when it was due rather than from now, so that the pace does not drift; after a long standstill, from now. */
  #dueAt(readAt: number): number {
    const now = this.#options.clock.monotonic();
    const due = readAt + this.#intervalMs();
    return now - due < this.#intervalMs() ? Math.min(now, due) : now;
  }

  #isEnabled(): boolean {
    return this.#options.settings().enabled;
  }

  #intervalMs(): number {
    return this.#options.settings().intervalMs ?? retry.initialMs;
  }

  /** Sleeps until the interval is over, whatever the operator makes of it meanwhile. */
  async #untilDue(readAt: number, signal: AbortSignal): Promise<void> {
    const { clock, changed } = this.#options;
    const isWaiting = (): boolean => this.#isEnabled() && this.#waitMs(readAt) > 0;
    while (isWaiting() && !signal.aborted) {
      this.#dueMs = clock.monotonic() + this.#waitMs(readAt);
      await inScope(signal, ({ signal: wait }) =>
        untilStopped(Promise.race([clock.sleep(this.#waitMs(readAt), wait), changed.heard()]), wait),
      );
    }
  }

  #waitMs(readAt: number): number {
    return readAt + this.#intervalMs() - this.#options.clock.monotonic();
  }

  async #untilRetry(signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#options;
    const initialMs = Math.min(retry.initialMs, this.#intervalMs());
    const maximumMs = Math.max(initialMs, Math.min(retry.maximumMs, this.#longestWaitMs()));
    const waitMs = fullJitterMs({ initialMs, maximumMs }, this.#failuresInRow, random);
    this.#dueMs = clock.monotonic() + waitMs;
    await untilStopped(clock.sleep(waitMs, signal), signal);
  }

  /** One that is asked is tried again no later than it would be asked anyway. */
  #longestWaitMs(): number {
    return this.#options.input.intervalMs === undefined ? retry.maximumMs : this.#intervalMs();
  }

  #readWhileEnabled(signal: AbortSignal): Promise<boolean> {
    return inScope(signal, (reading) => {
      void this.#options.changed
        .until(() => !this.#isEnabled(), reading.signal)
        .then(() => {
          reading.abort(new Error('the input was switched off'));
        });
      return this.#read(reading.signal);
    });
  }

  /** Whether it could be read. One that speaks by itself and stops doing so has failed. */
  async #read(signal: AbortSignal): Promise<boolean> {
    const { input, onError } = this.#options;
    this.#isThere = false;
    try {
      await input.read((readings) => this.#handOver(readings, signal), signal);
      if (signal.aborted) return true;
      if (input.intervalMs === undefined) throw new Error('it has stopped speaking');
      this.#recovered();
      return true;
    } catch (error) {
      if (signal.aborted) return true;
      if (onError === 'fail')
        throw new Error(`cannot go on without the input ${input.name}`, { cause: error });
      this.#failed(error);
      return false;
    }
  }

  async #handOver(readings: readonly Reading[], signal: AbortSignal): Promise<void> {
    const { input, intake, waitsForDisk, clock } = this.#options;
    const speaksByItself = input.intervalMs === undefined;
    if (speaksByItself) this.#begins(signal);
    if (readings.length === 0) return;
    this.#readings += readings.length;
    this.#lastReadingMs = clock.now().getTime();
    if (speaksByItself) this.#spoke();
    const fates = intake.take(readings);
    if (waitsForDisk())
      await untilStopped(
        Promise.all(fates.filter(({ isKnown }) => isKnown).map(({ outcome }) => outcome)),
        signal,
      );
    else await intake.ready(signal);
  }

  /** That it lasts is proof enough, whether or not there is anything to say. */
  #begins(signal: AbortSignal): void {
    if (this.#isThere) return;
    this.#isThere = true;
    void untilStopped(this.#options.clock.sleep(steadyMs, signal), signal).then(() => {
      if (!signal.aborted) this.#recovered();
    });
  }

  #spoke(): void {
    this.#hasBeenRead = true;
    this.#error = undefined;
  }

  #recovered(): void {
    if (this.#isFailureSaid) this.#log.info('the input can be read again');
    this.#isFailureSaid = false;
    this.#hasBeenRead = true;
    this.#error = undefined;
    this.#failuresInRow = 0;
  }

  #failed(error: unknown): void {
    const message = describeError(error);
    this.#failures += 1;
    this.#failuresInRow += 1;
    this.#error = message;
    const say = { error: message };
    if (this.#options.onError === 'ignore') this.#log.debug(say, `cannot read the input: ${message}`);
    else if (!this.#isFailureSaid) {
      this.#isFailureSaid = true;
      this.#log.warn(say, `cannot read the input: ${message}`);
    }
  }
}
