/** Tells whoever waits that something has changed, so that a condition can be awaited and need not be polled. */
export class Changes {
  readonly #waiters = new Set<() => void>();

  announce(): void {
    for (const look of [...this.#waiters]) look();
  }

  /** The first value other than `undefined` that `find` gives, now or after a change; rejects when aborted. */
  until<T>(find: () => T | undefined, signal: AbortSignal): Promise<T> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const stop = (): void => {
        this.#waiters.delete(look);
        signal.removeEventListener('abort', onAbort);
      };
      const onAbort = (): void => {
        stop();
        reject(signal.reason as Error);
      };
      const look = (): void => {
        const found = find();
        if (found === undefined) return;
        stop();
        resolve(found);
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiters.add(look);
      look();
    });
  }
}
