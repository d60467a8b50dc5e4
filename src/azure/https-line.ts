import { Agent, request as httpRequest } from 'node:http';
import type { ClientRequestArgs, IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { SecureContext } from 'node:tls';
import { CloudError } from '../cloud-error.ts';
import type { Clock } from '../lib/clock.ts';
import { withDeadline } from '../lib/deadline.ts';
import { inScope } from '../lib/scope.ts';
import { classifyEnd } from './classify.ts';
import { dial } from './dial.ts';
import { DialProgress } from './dial-progress.ts';
import { bypassesProxy } from './no-proxy.ts';
import type { Proxy } from './proxy-tunnel.ts';
import { authorityOf } from './target.ts';
import type { WayOptions } from './way-options.ts';
import type { WireBytes } from './wire-bytes.ts';

export interface HttpsSurroundings {
  /** Read anew for each connection. */
  readonly route: () => Pick<WayOptions, 'proxy' | 'noProxy'>;
  readonly wire: WireBytes;
  readonly clock: Clock;
  /** How long one request may take with its connection, its body and its answer, in milliseconds. */
  readonly requestTimeoutMs: number;
}

export interface HttpsServer {
  readonly host: string;
  readonly port: number;
  readonly secureContext: SecureContext;
}

export interface HttpsRequest {
  readonly method: 'HEAD' | 'POST' | 'PUT';
  /** With its query. It may hold a signature: no error tells it. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | string;
  /** As in "upload to host", for errors. */
  readonly doing: string;
}

export interface HttpsAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  /** Its beginning, if it is long. */
  readonly body: string;
}

/** What a server can have to say here. */
const maxAnswerBytes = 64 * 1024;

/**
 * One request after another to one server, on one connection as long as that holds; through the proxy where there is one,
 * the certificate always verified. Nothing is tried again here.
 */
export class HttpsLine {
  readonly #server: HttpsServer;
  readonly #surroundings: HttpsSurroundings;
  readonly #agent: DialingAgent;

  constructor(server: HttpsServer, surroundings: HttpsSurroundings) {
    this.#server = server;
    this.#surroundings = surroundings;
    this.#agent = new DialingAgent(server, surroundings);
  }

  /** Rejects with a CloudError when there is no answer, or with the signal's reason. */
  async send(request: HttpsRequest, signal: AbortSignal): Promise<HttpsAnswer> {
    const { clock, requestTimeoutMs } = this.#surroundings;
    const late = Object.assign(new Error('no answer in time'), { code: 'ETIMEDOUT' });
    try {
      return await withDeadline(clock, requestTimeoutMs, late, signal, (scope) =>
        this.#exchange(request, scope),
      );
    } catch (error) {
      if (signal.aborted || !(error instanceof Error) || error instanceof CloudError) throw error;
      const code = classifyEnd({ wasOpen: false, error, byServer: false }, 'HUB');
      throw new CloudError(code, request.doing, { cause: error });
    }
  }

  /** Ends the connection. */
  close(): void {
    this.#agent.close();
  }

  #exchange({ method, path, headers, body }: HttpsRequest, signal: AbortSignal): Promise<HttpsAnswer> {
    const { host, port } = this.#server;
    const length = method === 'HEAD' ? {} : { 'content-length': Buffer.byteLength(body) };
    return new Promise((resolve, reject) => {
      const sent = httpRequest({
        agent: this.#agent,
        host,
        port,
        method,
        path,
        signal,
        headers: { ...headers, host: authorityOf(host, port).replace(/:443$/, ''), ...length },
      });
      sent.once('error', reject);
      sent.once('response', (response) => {
        readAnswer(response).then(resolve, reject);
      });
      sent.end(body);
    });
  }
}

/** The headers of whatever the server answers to `HEAD /`, on a connection of its own. Rejects as `HttpsLine.send` does. */
export async function headersOf(
  server: HttpsServer,
  surroundings: HttpsSurroundings,
  signal: AbortSignal,
): Promise<IncomingMessage['headers']> {
  const { host, port } = server;
  const line = new HttpsLine(server, surroundings);
  try {
    const doing = `ask https://${authorityOf(host, port)}/ for its headers`;
    const { headers } = await line.send({ method: 'HEAD', path: '/', headers: {}, body: '', doing }, signal);
    return headers;
  } finally {
    line.close();
  }
}

async function readAnswer(response: IncomingMessage): Promise<HttpsAnswer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxAnswerBytes) {
      response.destroy();
      break;
    }
    chunks.push(chunk);
  }
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    body: Buffer.concat(chunks).toString('utf8'),
  };
}

/** Makes the connections as the others to the cloud are made. */
class DialingAgent extends Agent {
  readonly #server: HttpsServer;
  readonly #surroundings: HttpsSurroundings;
  readonly #over = new AbortController();

  constructor(server: HttpsServer, surroundings: HttpsSurroundings) {
    super({ keepAlive: true, maxSockets: 1 });
    this.#server = server;
    this.#surroundings = surroundings;
  }

  override createConnection(
    _options: ClientRequestArgs,
    done?: (error: Error | null, stream: Duplex) => void,
  ): undefined {
    this.#dial().then(
      (stream) => {
        done?.(null, stream);
      },
      (error: unknown) => {
        // The types know no failure without a stream, which is just what a failure is.
        done?.(error as Error, undefined as unknown as Duplex);
      },
    );
    return undefined;
  }

  close(): void {
    this.#over.abort(new Error('the line was closed'));
    this.destroy();
  }

  async #dial(): Promise<Duplex> {
    const { host, port, secureContext } = this.#server;
    const { wire, route, clock, requestTimeoutMs } = this.#surroundings;
    const { proxy: proxyNow, noProxy } = route();
    const proxy: Proxy | undefined = bypassesProxy(host, port, noProxy) ? undefined : await proxyNow?.();
    const progress = new DialProgress(host, proxy);
    return await inScope(this.#over.signal, async ({ signal: outer }) => {
      const { socket } = await withDeadline(clock, requestTimeoutMs, progress.late, outer, (signal) =>
        dial({ host, port, way: 'mqtt', proxy, secureContext, wire, progress }, signal),
      );
      return socket;
    });
  }
}
