import type { Clock } from '../lib/clock.ts';
import type { Evidence } from './evidence.ts';

/** How far a run has come, in milliseconds since it began. */
export class Timeline {
  readonly phases: Evidence['phases'][number][] = [];
  readonly #clock: Clock;
  readonly #beganMs: number;
  /** The phase that it is in. */
  current = '';

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#beganMs = clock.monotonic();
  }

  readonly elapsed = (): number => Math.round(this.#clock.monotonic() - this.#beganMs);

  async during(name: string, work: () => Promise<void>): Promise<void> {
    const startMs = this.elapsed();
    this.current = name;
    try {
      await work();
    } finally {
      this.phases.push({ name, startMs, endMs: this.elapsed() });
    }
  }
}
