import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Clock } from '../lib/clock.ts';
import { describeError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import { rawAnswer, refusalAnswer, Refusal, send } from './answer.ts';
import type { ApiLimits } from './limits.ts';

export interface HttpServerOptions {
  /** Never rejects; has ended the response when it resolves. */
  readonly handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
  readonly limits: ApiLimits;
  readonly clock: Clock;
  readonly log: Log;
}

/** An HTTP server within bounds: whatever a caller does, it is answered in JSON or let go in time. */
export class HttpServer {
  /** For the listener to bind. */
  readonly server: Server;
  readonly #options: HttpServerOptions;
  readonly #underWay = new Set<ServerResponse>();
  readonly #latest = new WeakMap<Duplex, ServerResponse>();
  #isStopping = false;
  #onIdle: () => void = () => undefined;
  #dropped = 0;

  constructor(options: HttpServerOptions) {
    const { limits } = options;
    this.#options = options;
    this.server = createServer({
      maxHeaderSize: limits.maxHeaderBytes,
      headersTimeout: limits.headersMs,
      requestTimeout: limits.requestMs,
      keepAliveTimeout: limits.keepAliveMs,
      connectionsCheckingInterval: limits.checkMs,
    });
    this.server.maxConnections = limits.maxConnections;
    const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
      void this.#take(request, response);
    };
    this.server.on('request', onRequest);
    // Whoever asks before sending a large body is answered when it is known to be wanted.
    this.server.on('checkContinue', onRequest);
    this.server.on('clientError', (error, socket) => {
      this.#answerUnreadable(error, socket);
    });
    this.server.on('drop', () => {
      this.#onDrop();
    });
  }

  /** Takes no more, lets requests under way finish for a while, then ends every connection. */
  async stop(): Promise<void> {
    const { clock, limits } = this.#options;
    this.#isStopping = true;
    const closed = new Promise<void>((resolve) => {
      this.server.close(() => {
        resolve();
      });
    });
    const waiting = new AbortController();
    const idle = new Promise<void>((resolve) => {
      this.#onIdle = resolve;
    });
    if (this.#underWay.size > 0)
      await Promise.race([idle, clock.sleep(limits.stopMs, waiting.signal).catch(() => undefined)]);
    waiting.abort();
    this.server.closeAllConnections();
    await closed;
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#latest.set(request.socket, response);
    this.#underWay.add(response);
    response.once('close', () => {
      this.#underWay.delete(response);
      if (this.#underWay.size === 0) this.#onIdle();
    });
    if (this.#isStopping) {
      const headers = { Connection: 'close' };
      send(response, refusalAnswer(new Refusal(503, 'cannot take this: the agent is stopping', { headers })));
      return;
    }
    await this.#options.handle(request, response);
  }

  /** What Node's parser or its timeouts refuse, before or instead of a request. */
  #answerUnreadable(error: NodeJS.ErrnoException, socket: Duplex): void {
    const latest = this.#latest.get(socket);
    const isAnswering = latest?.headersSent === true && !latest.writableFinished;
    if (error.code === 'ECONNRESET' || !socket.writable || isAnswering) {
      socket.destroy();
      return;
    }
    const [status, statusText, why] = unreadable[error.code ?? ''] ?? [
      400,
      'Bad Request',
      `it is not HTTP/1.1 as it should be (${describeError(error)})`,
    ];
    const refusal = new Refusal(status, `cannot read the request: ${why}`);
    socket.end(rawAnswer(refusalAnswer(refusal), statusText), () => {
      socket.destroy();
    });
  }

  /** Somebody more was turned away: connections that are only kept for later make room for those to come. */
  #onDrop(): void {
    const { log, limits } = this.#options;
    this.#dropped += 1;
    this.server.closeIdleConnections();
    if (this.#dropped > 1) return;
    log.warn(
      { maxConnections: limits.maxConnections },
      `the local API has ${limits.maxConnections} connections and turns further ones away; this is said once`,
    );
  }
}

const unreadable: Readonly<Record<string, readonly [number, string, string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'Request Timeout', 'it took too long to arrive'],
  HPE_HEADER_OVERFLOW: [431, 'Request Header Fields Too Large', 'its headers are too long'],
};
