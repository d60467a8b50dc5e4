import type { Clock } from '../../lib/clock.ts';
import { untilStopped } from '../../lib/deadline.ts';
import type { Service } from '../../lib/service.ts';
import type { ProcessSample } from '../evidence.ts';
import type { Fleet } from '../fleet/fleet.ts';

const firstEveryMs = 1000;
/** Rounds that are kept, and samples in all: with more of either, every second round goes. */
const most = { rounds: 600, samples: 100_000 };
/** However large the fleet, a line needs so many points. */
const fewestRounds = 60;

/**
 * Looks at every process, ever more seldom the longer the run: when there are too many rounds, every second one goes and the
 * next ones are twice as far apart, so that they stand evenly over the run whenever it ends.
 */
export class ProcessWatch implements Service {
  readonly name = 'process watch';
  readonly #fleet: Pick<Fleet, 'sample'>;
  readonly #clock: Clock;
  readonly #elapsedMs: () => number;
  #everyMs = firstEveryMs;
  #rounds: (readonly ProcessSample[])[] = [];
  #omitted = 0;

  /** @param elapsedMs since the run began */
  constructor(fleet: Pick<Fleet, 'sample'>, clock: Clock, elapsedMs: () => number) {
    this.#fleet = fleet;
    this.#clock = clock;
    this.#elapsedMs = elapsedMs;
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.look();
      await untilStopped(this.#clock.sleep(this.#everyMs, signal), signal);
    }
  }

  /** All processes once, now. */
  async look(): Promise<void> {
    const samples = await this.#fleet.sample();
    const atMs = this.#elapsedMs();
    this.#rounds.push(samples.map((sample) => ({ ...sample, atMs })));
    const mostRounds = Math.min(
      most.rounds,
      Math.max(fewestRounds, Math.floor(most.samples / Math.max(1, samples.length))),
    );
    if (this.#rounds.length > mostRounds) this.#thin();
  }

  get seen(): readonly ProcessSample[] {
    return this.#rounds.flat();
  }

  get omitted(): Readonly<Record<string, number>> {
    return { processes: this.#omitted };
  }

  #thin(): void {
    const kept = this.#rounds.filter((_, index) => index % 2 === 0);
    const dropped = this.#rounds.filter((_, index) => index % 2 === 1);
    this.#omitted += dropped.reduce((sum, round) => sum + round.length, 0);
    this.#rounds = kept;
    this.#everyMs *= 2;
  }
}
