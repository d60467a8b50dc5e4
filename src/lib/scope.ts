import { setMaxListeners } from 'node:events';

/**
 * Runs `work` with a controller that is aborted when the outer signal is, for the same reason, and at the latest when
 * `work` has settled: what was begun with its signal ends with it. In place of AbortSignal.any, of which Node 20 keeps
 * a trace at the outer signal for as long as that lives, which is for ever in a service.
 */
export async function inScope<T>(
  outer: AbortSignal,
  work: (scope: AbortController) => Promise<T>,
): Promise<T> {
  const scope = new AbortController();
  // Many may wait for one scope to end; Node would take them for a leak.
  setMaxListeners(0, scope.signal);
  const onAbort = (): void => {
    scope.abort(outer.reason);
  };
  if (outer.aborted) onAbort();
  outer.addEventListener('abort', onAbort, { once: true });
  try {
    return await work(scope);
  } finally {
    outer.removeEventListener('abort', onAbort);
    scope.abort(new Error('what this belonged to has ended'));
  }
}
