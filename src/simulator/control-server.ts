import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { randomUUID } from 'node:crypto';
import type { Clock } from '../lib/clock.ts';
import { describeError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import { streamed } from './control-call.ts';
import type { Call, Controlled, Reply, Route } from './control-call.ts';
import { parseJson } from './json.ts';
import type { JsonValue } from './json.ts';
import { ListenError } from './listen-error.ts';
import { ServiceError } from './service-error.ts';
import { serviceRoutes } from './service-routes.ts';
import { blobRoutes } from './blob-routes.ts';
import { simulatorRoutes } from './simulator-routes.ts';
import { serviceTime } from './timestamp.ts';

export interface ControlOptions extends Controlled {
  readonly host: string;
  readonly clock: Clock;
  readonly log: Log;
}

interface CompiledRoute extends Route {
  readonly pattern: RegExp;
}

const maxBodyBytes = 1024 * 1024;

const routes: readonly CompiledRoute[] = [...serviceRoutes, ...simulatorRoutes, ...blobRoutes].map(
  (route) => ({
    ...route,
    pattern: new RegExp(`^${route.path.replace(/:\w+/g, '([^/]+)')}/?$`, 'i'),
  }),
);

/** The control API: plain HTTP and JSON, nobody is asked who they are. */
export class ControlServer {
  readonly #options: ControlOptions;
  readonly #server: Server;
  readonly #closing = new AbortController();
  #port = 0;

  constructor(options: ControlOptions) {
    this.#options = options;
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  get port(): number {
    return this.#port;
  }

  /** Rejects with a ListenError when the port is taken. */
  async listen(port: number): Promise<void> {
    const { host } = this.#options;
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (error) => {
        reject(new ListenError(host, port, error, true));
      });
      this.#server.listen(port, host, resolve);
    });
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error('the simulator is stopping'));
    const closed = new Promise<void>((resolve) =>
      this.#server.close(() => {
        resolve();
      }),
    );
    this.#server.closeAllConnections();
    await closed;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController();
    response.on('close', () => {
      gone.abort(new Error('the caller has gone'));
    });
    const signal = AbortSignal.any([gone.signal, this.#closing.signal]);
    const path = request.url ?? '/';
    try {
      const reply = await this.#answer(request, response, addressOf(path), signal);
      if (reply !== streamed) send(response, reply);
    } catch (error) {
      if (!(error instanceof ServiceError)) {
        this.#options.log.error({ path, reason: describeError(error) }, 'a control request failed');
      }
      if (!response.headersSent) send(response, this.#errorReply(path, error));
      else response.destroy();
    }
  }

  async #answer(
    request: IncomingMessage,
    response: ServerResponse,
    url: URL,
    signal: AbortSignal,
  ): Promise<Reply | typeof streamed> {
    const matching = routes.filter(({ pattern }) => pattern.test(url.pathname));
    const route = matching.find(({ method }) => method === request.method);
    if (route === undefined) return notServed(request.method ?? '', url.pathname, matching);
    const call: Call = {
      ...this.#options,
      params: (route.pattern.exec(url.pathname) ?? []).slice(1).map(decode),
      query: url.searchParams,
      body: await readBody(request),
      ifMatch: request.headers['if-match'],
      request,
      response,
      signal,
    };
    return await route.handle(call);
  }

  /** The hub's errors and those of DPS have different bodies (protocol.md 1.6 and 8.1). */
  #errorReply(path: string, error: unknown): Reply {
    const known = error instanceof ServiceError;
    const status = known ? error.status : 500;
    const code = known ? error.code : 500001;
    const message = describeError(error);
    const name = known ? error.errorName : 'ServerError';
    const time = serviceTime(this.#options.clock.now());
    const trackingId = randomUUID().replaceAll('-', '').toUpperCase();
    if (/^\/(?:devices|twins)\b/i.test(path)) {
      const body = {
        Message: `ErrorCode:${name};${message}`,
        ExceptionMessage: `Tracking ID:${trackingId}-TimeStamp:${time}`,
      };
      return { status, body, headers: { 'iothub-errorcode': name } };
    }
    return { status, body: { errorCode: code, trackingId, message, timestampUtc: time } };
  }
}

function addressOf(path: string): URL {
  const base = 'http://control';
  if (URL.canParse(path, base)) return new URL(path, base);
  throw new ServiceError('ArgumentInvalid', `cannot read the address ${path}`);
}

function send(response: ServerResponse, { status, body, contentType, headers }: Reply): void {
  response.writeHead(status, {
    ...(body === undefined ? {} : { 'content-type': contentType ?? 'application/json; charset=utf-8' }),
    ...headers,
  });
  if (body === undefined) response.end();
  else response.end(contentType === undefined ? `${JSON.stringify(body)}\n` : body);
}

function notServed(method: string, path: string, matching: readonly Route[]): Reply {
  if (matching.length === 0) return { status: 404, body: { message: `cannot find ${path}: no such path` } };
  const allow = matching.map((route) => route.method).join(', ');
  return { status: 405, headers: { allow }, body: { message: `cannot ${method} ${path}: only ${allow}` } };
}

async function readBody(request: IncomingMessage): Promise<JsonValue | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBodyBytes)
      throw new ServiceError('MessageTooLarge', `cannot read more than ${maxBodyBytes} bytes`);
    chunks.push(chunk);
  }
  if (bytes === 0) return undefined;
  const value = parseJson(Buffer.concat(chunks).toString('utf8'));
  if (value === undefined) throw new ServiceError('ArgumentInvalid', 'cannot read the body: it is not JSON');
  return value;
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch (cause) {
    throw new ServiceError('ArgumentInvalid', `cannot read ${segment} in the path`, { cause });
  }
}
