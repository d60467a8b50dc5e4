/** Time as the program sees it. Waits and deadlines run on the monotonic clock; `now` is for people and tokens. */
export interface Clock {
  /** Wall-clock time. May jump either way at any moment. */
  now(): Date;
  /** Milliseconds since an arbitrary start; never goes back, unaffected by changes of the wall clock. */
  monotonic(): number;
  /** Resolves after `ms` milliseconds; rejects with the signal's reason as soon as it is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** setTimeout fires at once for anything above this. */
const longestTimerMs = 2 ** 31 - 1;

export class SystemClock implements Clock {
  now(): Date {
    return new Date();
  }

  monotonic(): number {
    return performance.now();
  }

  async sleep(ms: number, signal: AbortSignal): Promise<void> {
    const end = this.monotonic() + ms;
    for (let left = ms; left > 0; left = end - this.monotonic()) {
      await timer(Math.min(left, longestTimerMs), signal);
    }
    signal.throwIfAborted();
  }
}

function timer(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const onAbort = (): void => {
      clearTimeout(handle);
      reject(signal.reason as Error);
    };
    const handle = setTimeout(() => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal.addEventListener('abort', onAbort, { once: true });
  });
}

/** Calls back once everything that has already come in from outside has been handled: no time passes. */
export function afterThisTurn(work: () => void): void {
  setImmediate(work);
}
