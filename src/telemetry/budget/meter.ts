import type { Calendar } from './period.ts';

/** What was used in one period, in units of the budget. */
export interface Tally {
  readonly period: string;
  readonly spent: number;
  /** What was waiting to be sent when the period began: it is no fault of this period's pace. */
  readonly carried: number;
  /** How long the period has lasted, in milliseconds. */
  readonly elapsedMs: number;
}

/** The tally that counts, and a few of other periods, in case the clock goes there again. */
export interface MeterRecord {
  readonly current: Tally | undefined;
  readonly past: readonly Tally[];
}

/** So many other periods are remembered. */
const remembered = 3;
/** The line begins at this share of the limit, an hour's of a day, so that a start is not thinned. */
const graceShare = 1 / 24;
/** A period that has lasted this many times its length is over, whatever the clock says. */
const longestPeriods = 2;

/**
 * Counts what is spent in a period of the calendar, by a clock that may jump:
 * - forwards, the old period's tally is kept, and counts again if the clock comes back to it;
 * - backwards, the clock was wrong before, and what was spent since it went there was spent in the period it returns to;
 * - a clock that always starts in the same past, or is set back again and again, does not hold a period open: how long
 *   it has lasted is counted by the monotonic clock too, over restarts, and after twice its length it is over.
 */
export class Meter {
  readonly #calendar: Calendar;
  #past: readonly Tally[];
  #current: Tally | undefined;
  /** Spent since the clock entered the current period in this run. */
  #spentHere = 0;
  #startMs = 0;
  #lengthMs = Infinity;
  #turnedMs: number | undefined;

  constructor(calendar: Calendar, { current, past }: MeterRecord = { current: undefined, past: [] }) {
    this.#calendar = calendar;
    this.#current = current;
    this.#past = past;
  }

  get record(): MeterRecord {
    return { current: this.#current, past: this.#past };
  }

  /** Of the current period. */
  get spent(): number {
    return this.#current?.spent ?? 0;
  }

  get period(): string {
    return this.#current?.period ?? '';
  }

  /**
   * Goes to the period that it is now. To be called before anything else is asked or spent.
   * @param waiting what is waiting to be sent, in units of the budget
   */
  turn(now: Date, monotonicMs: number, waiting: number): void {
    const { id, startMs, lengthMs } = this.#calendar(now);
    const passedMs = monotonicMs - (this.#turnedMs ?? monotonicMs);
    this.#turnedMs = monotonicMs;
    const tally =
      this.#current?.period === id ? this.#current : this.#enter(id, startMs < this.#startMs, waiting);
    this.#startMs = startMs;
    this.#lengthMs = lengthMs;
    const elapsedMs = Math.max(now.getTime() - startMs, tally.elapsedMs + passedMs);
    this.#current =
      elapsedMs < longestPeriods * lengthMs
        ? { ...tally, elapsedMs }
        : { period: id, spent: 0, carried: waiting, elapsedMs: 0 };
  }

  spend(amount: number): void {
    if (this.#current === undefined) return;
    this.#spentHere += amount;
    this.#current = { ...this.#current, spent: this.#current.spent + amount };
  }

  /** What will have been used of the limit when all that waits is sent: 1 is all of it. */
  used(limit: number, waiting: number): number {
    return (this.spent + waiting) / limit;
  }

  /** How what this period has used and taken in stands to the line that reaches the limit at its end: 1 is on it. */
  pace(limit: number, waiting: number): number {
    const { carried = 0, elapsedMs = 0 } = this.#current ?? {};
    const line = Math.min(1, elapsedMs / this.#lengthMs) + graceShare;
    return (this.spent + waiting - carried) / (limit * line);
  }

  #enter(period: string, isBack: boolean, waiting: number): Tally {
    const left = this.#current;
    const spentThere = isBack && left !== undefined ? Math.min(this.#spentHere, left.spent) : 0;
    const known = this.#past.find((tally) => tally.period === period);
    const others = this.#past.filter((tally) => tally !== known);
    const kept = left === undefined ? [] : [{ ...left, spent: left.spent - spentThere }];
    this.#past = [...others, ...kept].slice(-remembered);
    this.#spentHere = spentThere;
    const { spent = 0, carried = waiting, elapsedMs = 0 } = known ?? {};
    return { period, spent: spent + spentThere, carried, elapsedMs };
  }
}
