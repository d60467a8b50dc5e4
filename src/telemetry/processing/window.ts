import type { Figure } from '../../config/inputs/processing.ts';
import type { Clock } from '../../lib/clock.ts';
import type { JsonObject } from '../../lib/json.ts';
import type { Log } from '../../lib/log.ts';
import type { Reading } from '../reading.ts';
import { NamePatterns } from './name-patterns.ts';
import type { HoldingStep } from './processor.ts';
import { SaidOnce } from './said-once.ts';
import { Summary } from './summary.ts';

/** Names a window holds over all components, so that an input that invents names costs no memory. */
const maxNames = 1000;

/**
 * Makes one reading a component of all that came in a span of time: `temp` gives `tempMin`, `tempMean` and so on. Spans
 * follow one another on the monotonic clock from the first reading on; a reading belongs to the span in which it came,
 * whatever time it has itself. Their time is the span's end on the wall clock. A span without a reading says nothing.
 */
export class Window implements HoldingStep {
  readonly #figures: NamePatterns<readonly Figure[]>;
  readonly #everyMs: number;
  readonly #clock: Clock;
  readonly #said: SaidOnce;
  /** Where the spans begin to be counted, on the monotonic clock. */
  #originMs: number | undefined;
  #endMs: number | undefined;
  readonly #summaries = new Map<string | undefined, Map<string, Summary>>();
  #names = 0;
  #leftOut = 0;

  constructor(values: Readonly<Record<string, readonly Figure[]>>, everyMs: number, clock: Clock, log: Log) {
    this.#figures = new NamePatterns(Object.entries(values));
    this.#everyMs = everyMs;
    this.#clock = clock;
    this.#said = new SaidOnce(log);
  }

  get dueMs(): number | undefined {
    return this.#endMs;
  }

  push(reading: Reading): readonly Reading[] {
    const closed = this.due();
    const open = this.#summaries.get(reading.component) ?? new Map<string, Summary>();
    for (const [name, value] of Object.entries(reading.values)) {
      const figures = this.#figures.of(reading, name, value);
      if (figures !== undefined) this.#add(open, name, value, figures);
    }
    if (open.size > 0) {
      this.#summaries.set(reading.component, open);
      this.#endMs ??= this.#nextEndMs();
    }
    return closed;
  }

  due(): readonly Reading[] {
    const nowMs = this.#clock.monotonic();
    if (this.#endMs === undefined || nowMs < this.#endMs) return [];
    return this.#close(this.#clock.now().getTime() - (nowMs - this.#endMs));
  }

  drain(): readonly Reading[] {
    return this.#endMs === undefined ? [] : [...this.due(), ...this.#close(this.#clock.now().getTime())];
  }

  #add(open: Map<string, Summary>, name: string, value: unknown, figures: readonly Figure[]): void {
    const summary = open.get(name) ?? this.#begun(open, name, figures);
    if (summary === undefined) {
      this.#leftOut += 1;
      return;
    }
    summary.add(value);
    if (typeof value !== 'number' && summary.wantsNumbers)
      this.#said.warn(name, `cannot take the min, mean or max of ${name}: it is not a number`);
  }

  #begun(open: Map<string, Summary>, name: string, figures: readonly Figure[]): Summary | undefined {
    if (this.#names >= maxNames) return undefined;
    this.#names += 1;
    const summary = new Summary(name, figures);
    open.set(name, summary);
    return summary;
  }

  #nextEndMs(): number {
    const nowMs = this.#clock.monotonic();
    this.#originMs ??= nowMs;
    const spans = Math.floor((nowMs - this.#originMs) / this.#everyMs);
    return this.#originMs + (spans + 1) * this.#everyMs;
  }

  #close(timeMs: number): readonly Reading[] {
    if (this.#leftOut > 0) {
      const what = `more than ${maxNames} names in one window: ${this.#leftOut} values were left out`;
      this.#said.warn('window', `cannot hold ${what}`);
    }
    const readings = [...this.#summaries].map(([component, summaries]) => {
      const values: JsonObject = Object.fromEntries(
        [...summaries.values()].flatMap((summary) => summary.figures()),
      );
      return { values, timeMs: Math.round(timeMs), ...(component === undefined ? {} : { component }) };
    });
    this.#summaries.clear();
    [this.#endMs, this.#names, this.#leftOut] = [undefined, 0, 0];
    return readings.filter(({ values }) => Object.keys(values).length > 0);
  }
}
