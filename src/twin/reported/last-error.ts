import type { State } from '../../connection/state.ts';
import type { Clock } from '../../lib/clock.ts';
import { describeError } from '../../lib/errors.ts';
import { badEnds } from '../../run-end.ts';
import type { BadEndCode } from '../../run-end.ts';

export interface LastError {
  readonly code: string;
  /** By the machine's clock as it is now, which may have been set since. */
  readonly at: Date;
  readonly remedy: string;
}

/** One way of failing: `at` is when it last happened. */
export interface RecentError extends LastError {
  /** How it was put the last time. */
  readonly reason: string;
  readonly firstAt: Date;
  /** How often, since the start of the agent. */
  readonly times: number;
}

interface Entry {
  readonly code: string;
  readonly remedy: string;
  readonly reason: string;
  readonly firstMs: number;
  readonly atMs: number;
  readonly times: number;
}

/**
 * Remembers why the connection had to wait, since the start of the agent, and how the run before ended: once for each code,
 * of which there are only so many.
 */
export class LastErrorRecorder {
  readonly #clock: Pick<Clock, 'now' | 'monotonic'>;
  /** The latest is last. */
  readonly #byCode = new Map<string, Entry>();

  constructor(clock: Pick<Clock, 'now' | 'monotonic'>) {
    this.#clock = clock;
  }

  /** To be told of every state that the connection enters. */
  onState(state: State): void {
    if (state.name !== 'waiting') return;
    const { code, remedy } = state.reason;
    this.#note({ code, remedy, reason: describeError(state.reason) });
  }

  /** To be told at the start when the run before did not end in order. */
  runEnded(code: BadEndCode): void {
    const { meaning: reason, remedy } = badEnds[code];
    this.#note({ code, remedy, reason });
  }

  get last(): LastError | undefined {
    const [last] = this.recent;
    return last === undefined ? undefined : { code: last.code, remedy: last.remedy, at: last.at };
  }

  /** The latest first. */
  get recent(): readonly RecentError[] {
    return [...this.#byCode.values()].reverse().map(({ firstMs, atMs, ...entry }) => ({
      ...entry,
      firstAt: this.#wallTime(firstMs),
      at: this.#wallTime(atMs),
    }));
  }

  #note(error: Pick<Entry, 'code' | 'remedy' | 'reason'>): void {
    const { code } = error;
    const atMs = this.#clock.monotonic();
    const { firstMs, times } = this.#byCode.get(code) ?? { firstMs: atMs, times: 0 };
    this.#byCode.delete(code);
    this.#byCode.set(code, { ...error, firstMs, atMs, times: times + 1 });
  }

  #wallTime(monotonicMs: number): Date {
    return new Date(this.#clock.now().getTime() + monotonicMs - this.#clock.monotonic());
  }
}
