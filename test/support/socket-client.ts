import { Agent, request } from 'node:http';

export interface SocketAnswer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Speaks HTTP with the agent over its Unix socket, as curl does, with connections that are kept. */
export class SocketClient {
  readonly #socketPath: string;
  readonly #agent: Agent;

  constructor(socketPath: string, connections = 8) {
    this.#socketPath = socketPath;
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections });
  }

  get(path: string): Promise<SocketAnswer> {
    return this.#ask('GET', path);
  }

  /** Rejects when there was no answer: then nobody knows what became of it. */
  post(path: string, body: string | Buffer, contentType = 'application/x-ndjson'): Promise<SocketAnswer> {
    return this.#ask('POST', path, Buffer.from(body), contentType);
  }

  close(): void {
    this.#agent.destroy();
  }

  #ask(method: string, path: string, body?: Buffer, contentType?: string): Promise<SocketAnswer> {
    const headers =
      body === undefined ? {} : { 'Content-Type': contentType, 'Content-Length': String(body.length) };
    return new Promise((resolve, reject) => {
      const asked = request({ socketPath: this.#socketPath, agent: this.#agent, method, path, headers });
      asked.on('error', reject);
      asked.on('response', (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(parts).toString();
          resolve({
            status: response.statusCode ?? 0,
            body: JSON.parse(text) as Record<string, unknown>,
          });
        });
      });
      asked.end(body);
    });
  }
}
