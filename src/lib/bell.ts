/** Tells whoever waits that something has changed; what it was they look at themselves. */
export class Bell {
  #ring: (() => void) | undefined;
  #heard: Promise<void> | undefined;
  readonly #waiting = new Set<() => void>();

  /** Costs next to nothing while nobody waits. */
  ring(): void {
    const ring = this.#ring;
    this.#ring = undefined;
    this.#heard = undefined;
    ring?.();
    for (const look of this.#waiting) look();
  }

  /** Resolves at the next ring. */
  heard(): Promise<void> {
    this.#heard ??= new Promise((resolve) => {
      this.#ring = resolve;
    });
    return this.#heard;
  }

  /** Resolves as soon as it holds, or when the signal is aborted. It is looked at with every ring, at once. */
  until(holds: () => boolean, signal: AbortSignal): Promise<void> {
    if (holds() || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const end = (): void => {
        this.#waiting.delete(look);
        signal.removeEventListener('abort', end);
        resolve();
      };
      const look = (): void => {
        if (holds()) end();
      };
      this.#waiting.add(look);
      signal.addEventListener('abort', end, { once: true });
    });
  }
}
