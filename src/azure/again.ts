import { CloudError } from '../cloud-error.ts';
import { fullJitterMs } from '../lib/backoff.ts';
import type { BackoffLimits } from '../lib/backoff.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { Random } from '../lib/random.ts';

/** How often, and at which intervals, something that failed is tried again. */
export interface AgainPolicy extends BackoffLimits {
  /** In a row. */
  readonly attempts: number;
}

export interface AgainSurroundings {
  readonly policy: AgainPolicy;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** A wish of the service for longer than this is not followed. */
const longestWishMs = 300_000;

/**
 * Repeats a request while it fails in a way that may pass, as often as the policy allows. Rejects with the last failure,
 * at once with one that will not pass, or with the signal's reason.
 */
export async function again<T>(
  request: (attempt: number) => Promise<T>,
  signal: AbortSignal,
  { policy, clock, random, log }: AgainSurroundings,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await request(attempt);
    } catch (error) {
      if (signal.aborted) throw signal.reason as Error;
      if (!(error instanceof CloudError) || !mayPass(error) || attempt >= policy.attempts) throw error;
      const wishMs = Math.min(error.retryAfterMs ?? 0, longestWishMs);
      const delayMs = Math.max(fullJitterMs(policy, attempt, random), wishMs);
      const { code, message } = error;
      log.info({ code, attempt, delayMs: Math.round(delayMs) }, `${message}; trying again`);
      await clock.sleep(delayMs, signal);
    }
  }
}

/** A server that cannot be trusted now is not one in a minute. */
function mayPass({ kind, code }: CloudError): boolean {
  return kind === 'transient' && (code === 'TLS-HANDSHAKE' || !code.startsWith('TLS-'));
}
