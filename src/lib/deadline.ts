import type { Clock } from './clock.ts';
import { inScope } from './scope.ts';

/**
 * Gives `work` at most `ms` milliseconds on the monotonic clock. Its signal is aborted when the time is over (with
 * `late` as the reason) or when the outer signal is; either way the call rejects with that reason at once, even if
 * `work` never settles. It is aborted once `work` has settled, too.
 */
export function withDeadline<T>(
  clock: Clock,
  ms: number,
  late: Error,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  return inScope(signal, (scope) => {
    clock.sleep(ms, scope.signal).then(
      () => {
        scope.abort(late);
      },
      () => undefined,
    );
    return untilAborted(work(scope.signal), scope.signal);
  });
}

/**
 * The promise's outcome, or a rejection with the signal's reason, whichever is first. Its listener goes before the caller
 * goes on: a listener that is removed still refers to one that was added behind it, and a chain of such would keep all
 * that those waits were about.
 */
export function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      reject(signal.reason as Error);
    };
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    const settle = (): void => {
      signal.removeEventListener('abort', onAbort);
      resolve(promise);
    };
    promise.then(settle, settle);
  });
}

/** Waits for work that a stop may interrupt: resolves with its result, or with `undefined` if the signal ended it. */
export async function untilStopped<T>(promise: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  try {
    return await untilAborted(promise, signal);
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  }
}
