import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Counter, Gauge, Registry } from 'prom-client';
import { momentOf } from './progress/moment.ts';
import type { Moment, Scene } from './progress/moment.ts';
import type { Progress } from './progress/progress.ts';

/** `GET /metrics` for Prometheus: how a run is getting on, and nothing secret. */
export class ProgressMetrics implements Progress {
  readonly #server: Server;
  #scene: Scene | undefined;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** Port 0 asks for any. Rejects when the port cannot be had. */
  static async open(port: number, host = '127.0.0.1'): Promise<ProgressMetrics> {
    const server = createServer();
    const metrics = new ProgressMetrics(server);
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      void metrics.#answer(request, response);
    });
    server.listen(port, host);
    try {
      await once(server, 'listening');
    } catch (cause) {
      throw new Error(`cannot offer metrics at ${host}, port ${port}`, { cause });
    }
    return metrics;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  begin(scene: Scene): void {
    this.#scene = scene;
  }

  /** What was last true stays to be read until `close`. */
  end(): void {
    return undefined;
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async #answer({ method, url }: IncomingMessage, response: ServerResponse): Promise<void> {
    if (method !== 'GET' || url !== '/metrics') {
      response.writeHead(404).end('there is /metrics\n');
      return;
    }
    const registry = this.#scene === undefined ? new Registry() : registryOf(momentOf(this.#scene));
    const text = await registry.metrics();
    response.writeHead(200, { 'content-type': registry.contentType }).end(text);
  }
}

/** Made anew for each answer: a state that nobody is in any more is gone. */
function registryOf(moment: Moment): Registry {
  const registry = new Registry();
  const registers = [registry];
  const { elapsedMs, agents, faults, promised, delivered, duplicates, outstanding } = moment;
  new Gauge({ name: `${prefix}elapsed_seconds`, help: 'Since the run began.', registers }).set(
    elapsedMs / 1000,
  );
  const inState = new Gauge({
    name: `${prefix}agents`,
    help: 'Agents by the state that they were last heard to be in.',
    labelNames: ['state'],
    registers,
  });
  for (const [state, count] of Object.entries(agents)) inState.set({ state }, count);
  const underWay = new Gauge({
    name: `${prefix}faults_under_way`,
    help: 'Faults under way, by their kind.',
    labelNames: ['kind'],
    registers,
  });
  for (const { kind } of faults) underWay.inc({ kind });
  new Counter({
    name: `${prefix}messages_promised_total`,
    help: 'Messages that agents have accepted.',
    registers,
  }).inc(promised);
  new Counter({
    name: `${prefix}messages_delivered_total`,
    help: 'Of those, how many are at the hub. At Azure nobody sees that: 0.',
    registers,
  }).inc(delivered);
  new Counter({
    name: `${prefix}messages_duplicated_total`,
    help: 'Messages that are at the hub once more.',
    registers,
  }).inc(duplicates);
  new Gauge({
    name: `${prefix}messages_missing`,
    help: 'Messages that agents have accepted and that are not at the hub yet.',
    registers,
  }).set(outstanding);
  return registry;
}

const prefix = 'dps_agent_soak_';
