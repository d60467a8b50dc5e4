import type { State } from '../../connection/state.ts';
import type { Clock } from '../../lib/clock.ts';

export interface LastError {
  readonly code: string;
  /** By the machine's clock as it is now, which may have been set since. */
  readonly at: Date;
  readonly remedy: string;
}

/** Remembers why the connection last had to wait, since the start of the agent. */
export class LastErrorRecorder {
  readonly #clock: Pick<Clock, 'now' | 'monotonic'>;
  #last: { readonly code: string; readonly remedy: string; readonly atMs: number } | undefined;

  constructor(clock: Pick<Clock, 'now' | 'monotonic'>) {
    this.#clock = clock;
  }

  /** To be told of every state that the connection enters. */
  onState(state: State): void {
    if (state.name !== 'waiting') return;
    const { code, remedy } = state.reason;
    this.#last = { code, remedy, atMs: this.#clock.monotonic() };
  }

  get last(): LastError | undefined {
    if (this.#last === undefined) return undefined;
    const { code, remedy, atMs } = this.#last;
    return { code, remedy, at: new Date(this.#clock.now().getTime() + atMs - this.#clock.monotonic()) };
  }
}
