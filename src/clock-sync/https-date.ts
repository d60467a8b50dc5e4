import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import type { RequestOptions } from 'node:https';
import type { Clock } from '../lib/clock.ts';
import { withDeadline } from '../lib/deadline.ts';
import { describeError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';

export interface HttpsDateOptions {
  readonly host: string;
  /** DPS's REST interface answers on 443 (protocol.md 1.1); any answer has a date, a refusal too. */
  readonly port: number;
  /** PEM certificates to trust; Node's own roots when absent. */
  readonly ca?: readonly string[] | undefined;
  /** Makes the connection: a proxy's, where there is one. Without it, the connection is direct. */
  readonly agent?: NonNullable<RequestOptions['agent']>;
  readonly clock: Clock;
  readonly log: Log;
}

/** An answer that takes longer says too little about the time. */
const answerWithinMs = 10_000;

/** The header gives whole seconds, rounded down. */
const meanLostMs = 500;

/**
 * Measures what must be added to this machine's clock to make it right, in milliseconds, by the `Date` of an HTTPS
 * answer: right to a second and half the way there and back. `undefined` when there is none to be believed, and that
 * is so as long as the clock is too wrong for the server's certificate: it is verified here as everywhere. Rejects
 * only with the signal's reason.
 */
export function httpsDateOffset(
  options: HttpsDateOptions,
): (signal: AbortSignal) => Promise<number | undefined> {
  const { host, port, clock, log } = options;
  const doing = `read the time from https://${host}:${port}`;
  const late = new Error(`cannot ${doing}: there was no answer within ${answerWithinMs / 1000} s`);
  return async (signal) => {
    try {
      return await withDeadline(clock, answerWithinMs, late, signal, (limit) => measure(options, limit));
    } catch (error) {
      signal.throwIfAborted();
      log.debug({ error: describeError(error) }, `cannot ${doing}`);
      return undefined;
    }
  };
}

async function measure(options: HttpsDateOptions, signal: AbortSignal): Promise<number> {
  const { clock } = options;
  const askedMs = clock.monotonic();
  const { headers } = await head(options, signal);
  const answeredMs = clock.monotonic();
  const serverMs = Date.parse(headers.date ?? '');
  if (Number.isNaN(serverMs)) throw new Error(`the answer’s date is ${JSON.stringify(headers.date)}`);
  const sinceThenMs = (answeredMs - askedMs) / 2;
  return Math.round(serverMs + meanLostMs + sinceThenMs - clock.now().getTime());
}

function head({ host, port, ca, agent }: HttpsDateOptions, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const trust = ca === undefined ? {} : { ca: [...ca] };
    const asked = request({
      host,
      port,
      method: 'HEAD',
      path: '/',
      agent: agent ?? false,
      minVersion: 'TLSv1.2',
      signal,
      ...trust,
    });
    asked.once('response', (response) => {
      response.resume();
      resolve(response);
    });
    asked.on('error', reject);
    asked.end();
  });
}
