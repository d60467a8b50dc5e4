import { Agent, request } from 'node:http';
import type { Clock } from '../../lib/clock.ts';
import { withDeadline } from '../../lib/deadline.ts';
import { isJsonObject, parseJson } from '../../lib/json.ts';

/** An answer takes as long as an agent is frozen. In milliseconds; later, nobody knows what became of the post. */
const answerMs = 60_000;
/** The agent keeps a connection for 15 s (docs/local-api.md): it is given up before, so that no post meets its end. */
const idleMs = 10_000;

export interface PostAnswer {
  readonly status: number;
  /** How many it says that it took. */
  readonly accepted: number;
}

/** Posts telemetry as programs of the same machine do. */
export interface TelemetryPost {
  /** Rejects when there was no answer: nobody knows then what became of it. */
  post(lines: readonly string[], signal: AbortSignal): Promise<PostAnswer>;
  close(): void;
}

/** Over the agent's Unix socket, one connection that is kept. */
export class SocketPost implements TelemetryPost {
  readonly #socketPath: string;
  readonly #path: string;
  readonly #clock: Clock;
  readonly #connection = new Agent({ keepAlive: true, maxSockets: 1, timeout: idleMs });

  /** @param input the name of the input of `type: socket`; unless given, the agent's only one */
  constructor(socketPath: string, clock: Clock, input?: string) {
    this.#socketPath = socketPath;
    this.#clock = clock;
    this.#path = `/v1/telemetry${input === undefined ? '' : `?input=${encodeURIComponent(input)}`}`;
  }

  post(lines: readonly string[], signal: AbortSignal): Promise<PostAnswer> {
    const late = new Error(`cannot post to ${this.#socketPath}: no answer within ${answerMs / 1000} s`);
    return withDeadline(this.#clock, answerMs, late, signal, (scoped) => this.#send(lines, scoped));
  }

  close(): void {
    this.#connection.destroy();
  }

  #send(lines: readonly string[], signal: AbortSignal): Promise<PostAnswer> {
    const body = Buffer.from(`${lines.join('\n')}\n`);
    const headers = { 'Content-Type': 'application/x-ndjson', 'Content-Length': String(body.length) };
    const where = { socketPath: this.#socketPath, path: this.#path, agent: this.#connection };
    return new Promise((resolve, reject) => {
      const asked = request({ ...where, method: 'POST', headers, signal });
      asked.on('error', reject);
      asked.on('response', (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('error', reject);
        response.on('end', () => {
          const answer = parseJson(Buffer.concat(parts).toString());
          const accepted = isJsonObject(answer) ? Number(answer['accepted'] ?? 0) : 0;
          resolve({ status: response.statusCode ?? 0, accepted });
        });
      });
      asked.end(body);
    });
  }
}
