import { CloudError } from '../cloud-error.ts';
import { fullJitterMs } from '../lib/backoff.ts';
import type { Clock } from '../lib/clock.ts';
import { describeError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import type { Random } from '../lib/random.ts';

export interface Insistence {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** Between attempts when the hub refuses a twin request, which must not cost the session its telemetry. */
const retry = { initialMs: 5000, maximumMs: 300_000 };

/**
 * Repeats a twin request that the hub may yet take, ever more rarely; the first refusal in a row is said, and its end.
 * Rejects with whatever else goes wrong, or with the signal's reason.
 */
export async function insist<T>(
  what: string,
  request: () => Promise<T>,
  { clock, random, log }: Insistence,
  signal: AbortSignal,
): Promise<T> {
  for (let failures = 0; ; failures += 1) {
    try {
      const result = await request();
      if (failures > 0) log.info(`could ${what} after ${failures} refusals`);
      return result;
    } catch (error) {
      if (!(error instanceof CloudError) || error.code !== 'HUB-TWIN' || signal.aborted) throw error;
      if (failures === 0) log.warn({ code: error.code, error: describeError(error) }, describeError(error));
      await clock.sleep(fullJitterMs(retry, failures + 1, random), signal);
    }
  }
}
