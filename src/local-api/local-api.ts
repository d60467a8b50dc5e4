import { chmod, lstat, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { removeFile } from '../lib/atomic-file.ts';
import { untilStopped } from '../lib/deadline.ts';
import { describeError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import type { Service } from '../lib/service.ts';
import type { AgentStatus } from './status.ts';
import { metricsContentType, metricsText } from './metrics.ts';

export interface LocalApiOptions {
  /** Of the Unix socket; its folder must be there. */
  readonly path: string;
  readonly status: () => AgentStatus;
  readonly log: Log;
}

/** unix(7): `sun_path` has 108 bytes, the last of them zero. A longer path would be cut short without a word. */
export const longestPathBytes = 107;

/** In bytes and milliseconds: a caller that says nothing, or too much, is let go. */
const bounds = {
  maxHeaderSize: 8192,
  headersTimeout: 5000,
  requestTimeout: 5000,
  keepAliveTimeout: 1000,
  connectionsCheckingInterval: 1000,
};
const mostConnections = 16;

/**
 * HTTP on a Unix socket, for this machine's own tools: `GET /v1/status`, `GET /v1/metrics`. Only the user the agent runs as, and root, may
 * connect. The agent does not depend on it: when there can be no socket, one warning says why, and nothing else happens.
 * Runs until its signal is aborted, then ends at once and removes the socket.
 */
export class LocalApi implements Service {
  readonly name = 'local API';
  readonly #options: LocalApiOptions;

  constructor(options: LocalApiOptions) {
    this.#options = options;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { path, log } = this.#options;
    const server = createServer(bounds, (request, response) => {
      this.#answer(request, response);
    });
    server.maxConnections = mostConnections;
    try {
      await listen(server, path);
      server.on('error', (error) => {
        log.warn({ error: describeError(error) }, `the local API is in trouble: ${describeError(error)}`);
      });
      log.debug({ path }, `the local API listens at ${path}`);
    } catch (error) {
      log.warn(
        { path, error: describeError(error) },
        `the agent goes on without its local API: ${describeError(error)}`,
      );
    }
    await untilStopped(new Promise<never>(() => undefined), signal);
    await close(server);
  }

  #answer({ method = '', url = '' }: IncomingMessage, response: ServerResponse): void {
    const [path = ''] = url.split('?');
    const isKnown = path === '/v1/status' || path === '/v1/metrics';
    if (method !== 'GET' || !isKnown) {
      reply(response, 404, {
        error: `cannot ${method} ${path}: there are GET /v1/status and GET /v1/metrics`,
      });
      return;
    }
    try {
      const status = this.#options.status();
      if (path === '/v1/status') reply(response, 200, status);
      else response.writeHead(200, { 'Content-Type': metricsContentType }).end(metricsText(status));
    } catch (error) {
      // A bug, but not one to end the agent for: whoever asked is told, and so is the log.
      const message = `cannot tell the status: ${describeError(error)}`;
      this.#options.log.error({ error: describeError(error) }, message);
      reply(response, 500, { error: message });
    }
  }
}

function reply(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', connection: 'close' });
  response.end(`${JSON.stringify(body)}\n`);
}

/** Rejects when there can be no socket; the server is then closed. */
async function listen(server: Server, path: string): Promise<void> {
  try {
    refuseLongPath(path);
    await makeWay(path);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(path, resolve);
    });
    await chmod(path, 0o600);
  } catch (cause) {
    await close(server);
    throw new Error(`cannot listen at ${path}`, { cause });
  }
}

function refuseLongPath(path: string): void {
  const bytes = Buffer.byteLength(path);
  if (bytes > longestPathBytes)
    throw new Error(`the path has ${bytes} bytes, and a socket’s at most ${longestPathBytes}`);
}

/** Removes the socket of an agent that was killed. Rejects when somebody listens there, or when it is no socket. */
async function makeWay(path: string): Promise<void> {
  // Node calls a folder that is missing a permission denied.
  await stat(dirname(path));
  const errorCode = await knock(path);
  if (errorCode === undefined) throw new Error('another agent does');
  if (errorCode !== 'ECONNREFUSED') return;
  if (!(await lstat(path)).isSocket()) throw new Error('there is a file, and it is no socket');
  await removeFile(path);
}

/** Why nobody can be reached there; `undefined` when somebody answers. */
function knock(path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(undefined);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code ?? error.message);
    });
  });
}

/** Node removes the socket of a server that it closes. */
function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => {
      resolve();
    });
    server.closeAllConnections();
  });
}
