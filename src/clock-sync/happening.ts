import { untilAborted } from '../lib/deadline.ts';

/** Something that happens now and then, and can be awaited and counted. */
export class Happening {
  #times = 0;
  #happen: () => void = () => undefined;
  #next = this.#promise();

  /** How often it has happened. */
  get times(): number {
    return this.#times;
  }

  happen(): void {
    this.#times += 1;
    this.#happen();
    this.#next = this.#promise();
  }

  /** Resolves when it happens again; rejects with the signal's reason. */
  next(signal: AbortSignal): Promise<void> {
    return untilAborted(this.#next, signal);
  }

  #promise(): Promise<void> {
    return new Promise((resolve) => {
      this.#happen = resolve;
    });
  }
}
