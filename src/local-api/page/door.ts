import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Clock } from '../../lib/clock.ts';
import { describeError } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import type { Secret } from '../../lib/secret.ts';
import { Refusal } from '../answer.ts';
import { Guesses } from './guesses.ts';

/** In characters: at five minutes a guess, nobody gets through what eight can be. */
export const shortestPassword = 8;

/** Lets in who knows the password, by HTTP's Basic authentication (RFC 7617); the user's name may be any. */
export class Door {
  readonly #password: () => Promise<Secret>;
  readonly #guesses: Guesses;
  readonly #log: Log;

  /** @param password read anew for each request, so that it can be changed while the agent runs */
  constructor(password: () => Promise<Secret>, clock: Pick<Clock, 'monotonic'>, log: Log) {
    this.#password = password;
    this.#guesses = new Guesses(clock);
    this.#log = log;
  }

  /** Rejects with the `Refusal` to answer with. */
  async admit({ headers, socket }: Pick<IncomingMessage, 'headers' | 'socket'>): Promise<void> {
    const address = socket.remoteAddress ?? '';
    const waitMs = this.#guesses.waitMs(address);
    if (waitMs > 0) throw tooMany(waitMs);
    const given = passwordIn(headers.authorization);
    if (given === undefined) throw unknown('this page needs a password');
    if (!areSame(given, await this.#wanted())) {
      this.#onWrong(address);
      throw unknown('cannot let you in: that is not the password');
    }
    this.#guesses.right(address);
  }

  async #wanted(): Promise<string> {
    try {
      const password = (await this.#password()).reveal();
      if (password.length >= shortestPassword) return password;
      throw new Error(`it has fewer than ${shortestPassword} characters`);
    } catch (error) {
      this.#log.error(
        { error: describeError(error) },
        `cannot let anybody see the status page: local_api.page.password: ${describeError(error)}`,
      );
      throw new Refusal(
        503,
        'cannot let anybody in: the password cannot be used; the log of the agent says why',
      );
    }
  }

  /** Said the first time and every tenth: who guesses does not fill the log. */
  #onWrong(address: string): void {
    const times = this.#guesses.wrong(address);
    if (times % 10 === 1)
      this.#log.warn(
        { address, times },
        `a wrong password for the status page from ${address}, times: ${times}`,
      );
  }
}

/** Takes as long whatever they are. */
function areSame(given: string, wanted: string): boolean {
  const [one, other] = [given, wanted].map((text) => createHash('sha256').update(text).digest());
  return one !== undefined && other !== undefined && timingSafeEqual(one, other);
}

function passwordIn(authorization: string | undefined): string | undefined {
  const [, encoded] = /^Basic ([A-Za-z0-9+/=]+)$/i.exec(authorization ?? '') ?? [];
  if (encoded === undefined) return undefined;
  const decoded = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  return colon === -1 ? undefined : decoded.slice(colon + 1);
}

function unknown(message: string): Refusal {
  const headers = {
    'WWW-Authenticate': 'Basic realm="dps-agent", charset="UTF-8"',
    'Cache-Control': 'no-store',
  };
  return new Refusal(401, message, { headers });
}

function tooMany(waitMs: number): Refusal {
  const seconds = Math.ceil(waitMs / 1000);
  return new Refusal(429, `cannot listen to another password for ${seconds} s: too many were wrong`, {
    headers: { 'Retry-After': String(seconds) },
  });
}
