import type { CheckRequest, CheckResult } from '../checks/run-checks.ts';
import { inScope } from '../lib/scope.ts';
import { Refusal } from './answer.ts';
import { parametersOf, quoted } from './query.ts';
import type { Route } from './router.ts';

/** Makes the checks in this process. Rejects with the signal's reason when whoever asked has gone. */
export type MakeChecks = (request: CheckRequest, signal: AbortSignal) => Promise<readonly CheckResult[]>;

/**
 * `POST /v1/check[?dont_run=ID,ID&offline=true]`: `{"results": […]}` when all of them are there. One caller at a time:
 * the checks make connections of their own.
 */
export function checkRoute(makeChecks: MakeChecks, stop: AbortSignal): Route {
  let isBusy = false;
  return {
    method: 'POST',
    path: '/v1/check',
    answer: async ({ request, response, query }) => {
      const wanted = requestOf(query);
      if (isBusy)
        throw new Refusal(429, 'cannot check twice at once: somebody else has asked for it', {
          headers: { 'Retry-After': '10' },
        });
      request.resume();
      isBusy = true;
      try {
        return await inScope(stop, async (scope) => {
          response.once('close', () => {
            scope.abort(new Error('whoever asked has gone'));
          });
          return { status: 200, body: { results: await makeChecks(wanted, scope.signal) } };
        });
      } catch (error) {
        if (!response.destroyed) throw error;
        return undefined;
      } finally {
        isBusy = false;
      }
    },
  };
}

function requestOf(query: URLSearchParams): CheckRequest {
  const { dont_run: ids = '', offline = 'false' } = parametersOf(query, ['dont_run', 'offline']);
  if (offline !== 'true' && offline !== 'false')
    throw new Refusal(400, `cannot use offline=${quoted(offline)}: write true or false`);
  return { dontRun: ids.split(',').filter((id) => id !== ''), offline: offline === 'true' };
}
