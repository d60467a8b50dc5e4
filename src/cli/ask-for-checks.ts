import { wholeDeadlineMs } from '../checks/run-checks.ts';
import type { CheckRequest, CheckResult } from '../checks/run-checks.ts';
import { SystemClock } from '../lib/clock.ts';
import { withDeadline } from '../lib/deadline.ts';
import { isJsonObject, isText, parseJson } from '../lib/json.ts';
import { openLocalApi, textOf } from '../local-api/ask.ts';
import { withAgent } from './agent-socket.ts';
import type { AgentPlace } from './agent-socket.ts';
import { CommandError } from './usage.ts';

/** What the agent needs to answer when every check is done, in milliseconds. */
const graceMs = 10_000;

/** Has the running agent make the checks. Throws a CommandError when it cannot be asked, or will not. */
export function askForChecks(
  place: AgentPlace,
  { dontRun, offline }: CheckRequest,
): Promise<readonly CheckResult[]> {
  const query = new URLSearchParams({ dont_run: dontRun.join(','), offline: String(offline) });
  const late = new Error(`no answer within ${(wholeDeadlineMs + graceMs) / 1000} s`);
  const errand = { doing: 'check from inside', command: 'check --inside' };
  const never = new AbortController().signal;
  return withAgent(place, errand, (socketPath) =>
    withDeadline(new SystemClock(), wholeDeadlineMs + graceMs, late, never, async (signal) => {
      const response = await openLocalApi(
        socketPath,
        { path: `/v1/check?${query.toString()}`, body: '' },
        signal,
      );
      return resultsIn(await textOf(response), response.statusCode ?? 0);
    }),
  );
}

function resultsIn(text: string, status: number): readonly CheckResult[] {
  const answer = parseJson(text);
  const results: unknown = isJsonObject(answer) ? answer['results'] : undefined;
  if (status === 200 && Array.isArray(results) && results.every(isResult)) return results;
  const why = isJsonObject(answer) && isText(answer['error']) ? answer['error'] : text.trim();
  throw new CommandError(`cannot check from inside: the agent answers ${status}: ${why}`);
}

/** Client and agent may be of two versions: what is printed is looked at. */
function isResult(value: unknown): value is CheckResult {
  if (!isJsonObject(value)) return false;
  const { id, status, seen, tookMs } = value;
  return isText(id) && isStatus(status) && isText(seen) && typeof tookMs === 'number';
}

function isStatus(value: unknown): boolean {
  return value === 'ok' || value === 'warning' || value === 'error' || value === 'skipped';
}
