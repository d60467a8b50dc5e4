import type { Clock } from '../../lib/clock.ts';
import { untilStopped } from '../../lib/deadline.ts';
import { momentOf } from './moment.ts';
import type { Moment, Scene } from './moment.ts';
import type { Progress } from './progress.ts';

/** Looks at the scene once in a while and tells what it sees. */
export class Ticking implements Progress {
  readonly #clock: Clock;
  readonly #everyMs: number;
  readonly #tell: (moment: Moment) => void;
  readonly #over = new AbortController();

  constructor(clock: Clock, everyMs: number, tell: (moment: Moment) => void) {
    this.#clock = clock;
    this.#everyMs = everyMs;
    this.#tell = tell;
  }

  begin(scene: Scene): void {
    void this.#watch(scene);
  }

  end(): void {
    this.#over.abort(new Error('the run is over'));
  }

  async #watch(scene: Scene): Promise<void> {
    const { signal } = this.#over;
    while (!signal.aborted) {
      this.#tell(momentOf(scene));
      await untilStopped(this.#clock.sleep(this.#everyMs, signal), signal);
    }
  }
}
