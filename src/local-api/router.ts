import type { IncomingMessage, ServerResponse } from 'node:http';
import { describeError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import { Refusal, refusalAnswer, send } from './answer.ts';
import type { Answer } from './answer.ts';

/** A request and the way to its answer, for what has to do with the connection between. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly query: URLSearchParams;
}

export interface Route {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** Throws a `Refusal` to answer with that; `undefined` when it has answered by itself. */
  answer(exchange: Exchange): Answer | undefined | Promise<Answer | undefined>;
}

/** Finds who answers a request, and sees to it that it is answered, whatever happens. */
export class Router {
  readonly #routes: readonly Route[];
  readonly #log: Log;

  readonly #guard: (request: IncomingMessage) => void;

  /** @param guard throws a `Refusal` for a request that must not be answered */
  constructor(
    routes: readonly Route[],
    log: Log,
    guard: (request: IncomingMessage) => void = () => undefined,
  ) {
    this.#routes = routes;
    this.#log = log;
    this.#guard = guard;
  }

  /** Never rejects. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      this.#guard(request);
      const { pathname, searchParams } = targetOf(request);
      const route = this.#routeFor(request.method ?? '', pathname);
      const answer = await route.answer({ request, response, query: searchParams });
      if (answer !== undefined) send(response, answer);
    } catch (error) {
      this.#answerError(error, request, response);
    }
  }

  #routeFor(method: string, path: string): Route {
    const atPath = this.#routes.filter((route) => route.path === path);
    const route = atPath.find((candidate) => candidate.method === method);
    if (route !== undefined) return route;
    if (atPath.length === 0) throw new Refusal(404, `cannot ${method} ${path}: there are ${this.#known()}`);
    const allowed = atPath.map((candidate) => candidate.method).join(', ');
    throw new Refusal(405, `cannot ${method} ${path}: it takes ${allowed} only`, {
      headers: { Allow: allowed },
    });
  }

  #known(): string {
    const names = this.#routes.map(({ method, path }) => `${method} ${path}`);
    return `${names.slice(0, -1).join(', ')} and ${names.at(-1) ?? ''}`;
  }

  #answerError(error: unknown, request: IncomingMessage, response: ServerResponse): void {
    const target = `${request.method ?? ''} ${request.url ?? ''}`;
    if (request.destroyed && !request.complete) {
      this.#log.debug({ request: target }, `a caller was gone before its ${target} was whole`);
      return;
    }
    if (error instanceof Refusal) {
      // Nothing says whether the sender of a body that was asked about and not wanted sends it all the same.
      const isUnread = request.headers.expect !== undefined && !request.complete;
      if (isUnread) response.shouldKeepAlive = false;
      send(response, refusalAnswer(error));
      return;
    }
    // A bug, but not one to end the agent for: whoever asked is told, and so is the log.
    const message = describeError(error);
    this.#log.error({ request: target, error: message }, message);
    if (response.headersSent) response.destroy();
    else send(response, { status: 500, body: { error: message } });
  }
}

function targetOf({ url = '' }: IncomingMessage): URL {
  const whole = `http://agent${url}`;
  if (!url.startsWith('/') || !URL.canParse(whole))
    throw new Refusal(400, 'cannot read the address asked for: write it as /v1/status');
  return new URL(whole);
}
