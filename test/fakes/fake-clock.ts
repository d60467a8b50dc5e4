import type { Clock } from '../../src/lib/clock.ts';

interface Sleeper {
  readonly dueMs: number;
  readonly wake: () => void;
}

/** A clock that stands still until the test moves it. */
export class FakeClock implements Clock {
  #elapsedMs = 0;
  #wallOffsetMs: number;
  readonly #sleepers = new Set<Sleeper>();
  #onSleep: () => void = () => undefined;

  constructor(start = new Date('2026-01-01T00:00:00Z')) {
    this.#wallOffsetMs = start.getTime();
  }

  now(): Date {
    return new Date(this.#wallOffsetMs + this.#elapsedMs);
  }

  monotonic(): number {
    return this.#elapsedMs;
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const sleeper: Sleeper = {
        dueMs: this.#elapsedMs + ms,
        wake: () => {
          signal.removeEventListener('abort', onAbort);
          resolve();
        },
      };
      const onAbort = (): void => {
        this.#sleepers.delete(sleeper);
        reject(signal.reason as Error);
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#sleepers.add(sleeper);
      this.#onSleep();
    });
  }

  /**
   * Lets everything that is ready run, then moves time on, waking sleepers in the order in which they are due and letting
   * each do its work.
   */
  async advance(ms: number): Promise<void> {
    await settle();
    const end = this.#elapsedMs + ms;
    for (let next = this.#nextDue(end); next !== undefined; next = this.#nextDue(end)) {
      this.#elapsedMs = next.dueMs;
      this.#sleepers.delete(next);
      next.wake();
      await settle();
    }
    this.#elapsedMs = end;
    await settle();
  }

  /** Steps the wall clock as NTP or a person would; monotonic time is not touched. */
  stepWallClock(ms: number): void {
    this.#wallOffsetMs += ms;
  }

  /** Milliseconds until each sleeper is due, soonest first. */
  get sleeping(): number[] {
    return [...this.#sleepers].map(({ dueMs }) => dueMs - this.#elapsedMs).sort((a, b) => a - b);
  }

  /** Resolves when somebody sleeps. */
  async untilSomebodySleeps(): Promise<void> {
    if (this.#sleepers.size > 0) return;
    await new Promise<void>((resolve) => {
      this.#onSleep = resolve;
    });
  }

  #nextDue(end: number): Sleeper | undefined {
    const due = [...this.#sleepers].filter(({ dueMs }) => dueMs <= end);
    return due.sort((a, b) => a.dueMs - b.dueMs)[0];
  }
}

/** Lets every promise that is ready run. */
export function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
