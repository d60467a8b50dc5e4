import type { Clock } from '../lib/clock.ts';
import { describeError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';

export interface HttpsDateOptions {
  /**
   * Asks a server whose certificate is verified for the headers of an answer, a refusal's do; by the way that every
   * connection to the cloud goes. Rejects when there is none in time, or with the signal's reason.
   */
  readonly headers: (signal: AbortSignal) => Promise<{ readonly date?: string | undefined }>;
  readonly clock: Clock;
  readonly log: Log;
}

/** DPS's REST interface answers there (protocol.md 1.1). */
export const datePort = 443;

/** An answer that takes longer, in milliseconds, says too little about the time. */
export const dateWithinMs = 10_000;

/** The header gives whole seconds, rounded down. */
const meanLostMs = 500;

/**
 * Measures what must be added to this machine's clock to make it right, in milliseconds, by the `Date` of an HTTPS
 * answer: right to a second and half the way there and back. `undefined` when there is none to be believed, and that
 * is so as long as the clock is too wrong for the server's certificate: it is verified here as everywhere. Rejects
 * only with the signal's reason.
 */
export async function httpsDateOffset(
  options: HttpsDateOptions,
  signal: AbortSignal,
): Promise<number | undefined> {
  try {
    return await measure(options, signal);
  } catch (error) {
    signal.throwIfAborted();
    options.log.debug({ error: describeError(error) }, 'cannot measure how wrong the clock is');
    return undefined;
  }
}

async function measure({ headers, clock }: HttpsDateOptions, signal: AbortSignal): Promise<number> {
  const askedMs = clock.monotonic();
  const { date } = await headers(signal);
  const answeredMs = clock.monotonic();
  const serverMs = Date.parse(date ?? '');
  if (Number.isNaN(serverMs)) throw new Error(`the answer’s date is ${JSON.stringify(date)}`);
  const sinceThenMs = (answeredMs - askedMs) / 2;
  return Math.round(serverMs + meanLostMs + sinceThenMs - clock.now().getTime());
}
