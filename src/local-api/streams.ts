import type { ServerResponse } from 'node:http';
import { untilStopped } from '../lib/deadline.ts';
import { inScope } from '../lib/scope.ts';
import { Refusal } from './answer.ts';

/** Resolves when the system has taken the text; false: it never will. */
export type Write = (text: string) => Promise<boolean>;

/** Answers that go on until the caller or the agent ends them: so many at the same time. */
export class Streams {
  readonly #what: string;
  readonly #most: number;
  /** Aborted when the agent stops. */
  readonly #stop: AbortSignal;
  #open = 0;

  /** @param what completes "cannot send … to more than 8 at once" */
  constructor(what: string, most: number, stop: AbortSignal) {
    this.#what = what;
    this.#most = most;
    this.#stop = stop;
  }

  /**
   * Begins the answer, and ends it when `send` has settled, whose signal is aborted when the caller is gone. Throws a
   * `Refusal` when there are enough.
   */
  async answer(
    response: ServerResponse,
    headers: Readonly<Record<string, string>>,
    send: (write: Write, signal: AbortSignal) => Promise<void>,
  ): Promise<undefined> {
    if (this.#open >= this.#most)
      throw new Refusal(429, `cannot send ${this.#what} to more than ${this.#most} at once`, {
        headers: { 'Retry-After': '5' },
      });
    this.#open += 1;
    try {
      response.writeHead(200, { ...always, ...headers });
      response.flushHeaders();
      await inScope(this.#stop, async (scope) => {
        response.once('close', () => {
          scope.abort(new Error('the caller is gone'));
        });
        if (!response.destroyed) await send((text) => written(response, text, scope.signal), scope.signal);
      });
      response.end();
    } finally {
      this.#open -= 1;
    }
  }
}

const always = { 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' };

async function written(response: ServerResponse, text: string, signal: AbortSignal): Promise<boolean> {
  const taken = new Promise<boolean>((resolve) => {
    response.write(text, (error) => {
      resolve(error === null || error === undefined);
    });
  });
  return (await untilStopped(taken, signal)) === true;
}
