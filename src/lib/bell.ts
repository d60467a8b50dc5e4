import { untilStopped } from './deadline.ts';

/** Tells whoever waits that something has changed; what it was they look at themselves. */
export class Bell {
  #ring: (() => void) | undefined;
  #heard: Promise<void> | undefined;

  /** Costs next to nothing while nobody waits. */
  ring(): void {
    const ring = this.#ring;
    this.#ring = undefined;
    this.#heard = undefined;
    ring?.();
  }

  /** Resolves at the next ring. */
  heard(): Promise<void> {
    this.#heard ??= new Promise((resolve) => {
      this.#ring = resolve;
    });
    return this.#heard;
  }

  /** Resolves as soon as it holds, or when the signal is aborted. */
  async until(holds: () => boolean, signal: AbortSignal): Promise<void> {
    while (!holds() && !signal.aborted) await untilStopped(this.heard(), signal);
  }
}
