import type { IncomingMessage, Server } from 'node:http';
import type { Clock } from '../lib/clock.ts';
import { untilStopped } from '../lib/deadline.ts';
import { describeError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import type { Service } from '../lib/service.ts';
import { Bodies } from './body.ts';
import { checkRoute } from './check-route.ts';
import type { MakeChecks } from './check-route.ts';
import { healthRoute } from './health.ts';
import type { HealthReport } from './health.ts';
import { HttpServer } from './http-server.ts';
import { apiLimits } from './limits.ts';
import type { ApiLimits } from './limits.ts';
import { listenByTcp, refuseBrowsers } from './loopback.ts';
import { logsRoute } from './logs-route.ts';
import type { LogsRouteOptions } from './logs-route.ts';
import type { MessageOutlet } from './message-outlet.ts';
import { MessageStreams } from './message-streams.ts';
import { messagesRoute } from './messages-route.ts';
import { metricsRoutes } from './metrics-routes.ts';
import type { MetricsSource } from './metrics-routes.ts';
import type { Posting } from './posting.ts';
import { Router } from './router.ts';
import type { Route } from './router.ts';
import type { AgentStatus } from './status.ts';
import { statusRoutes } from './status-routes.ts';
import { telemetryRoute } from './telemetry-route.ts';
import { telemetryTailRoute } from './telemetry-tail-route.ts';
import type { TelemetryFeed } from './telemetry-tail-route.ts';
import { listenAtSocket } from './unix-socket.ts';
import type { SocketPlace } from './unix-socket.ts';

export interface LocalApiOptions extends SocketPlace {
  /** On 127.0.0.1; 0 takes any that is free; absent: none. */
  readonly tcpPort?: number;
  readonly status: () => AgentStatus;
  /** Absent: nobody watches over the agent. */
  readonly health?: () => HealthReport;
  /** Absent: nobody counts. */
  readonly metrics?: MetricsSource;
  /** Absent: there is nothing to post to. */
  readonly posting?: Posting;
  /** Absent: there is nothing to be received. */
  readonly outlet?: MessageOutlet;
  /** Absent: there is nothing to read along. */
  readonly feed?: TelemetryFeed;
  readonly logs?: Pick<LogsRouteOptions, 'source' | 'parseDuration'>;
  /** Absent: this process makes no checks. */
  readonly makeChecks?: MakeChecks | undefined;
  readonly limits?: Partial<ApiLimits>;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * HTTP on a Unix socket, for this machine's own programs: `GET /v1/status`, `GET /v1/metrics` and its history,
 * `POST /v1/telemetry`, on a loopback TCP port too where one is wanted; and on the socket alone `POST /v1/messages`, `GET /v1/messages`,
 * `POST /v1/messages/complete`, `GET /v1/telemetry/tail`, `GET /v1/logs`, `POST /v1/check`. The agent does not depend on it: when it cannot
 * listen, one warning says why, and nothing else happens. Runs until its signal is aborted, then lets posts under way
 * finish for a moment and removes the socket.
 */
export class LocalApi implements Service {
  readonly name = 'local API';
  readonly #options: LocalApiOptions;
  readonly #limits: ApiLimits;

  constructor(options: LocalApiOptions) {
    this.#options = options;
    this.#limits = { ...apiLimits, ...options.limits };
  }

  async run(signal: AbortSignal): Promise<void> {
    const { status, health, metrics, posting, outlet, feed, logs, tcpPort, path, clock, log } = this.#options;
    const { makeChecks } = this.#options;
    const bodies = new Bodies(this.#limits);
    const telemetry = posting === undefined ? [] : [telemetryRoute(posting, bodies)];
    const messages = posting === undefined ? [] : [messagesRoute(posting, bodies)];
    const received = outlet === undefined ? [] : new MessageStreams(outlet, clock, signal).routes;
    const tail = feed === undefined ? [] : [telemetryTailRoute(feed, clock, signal)];
    const lines = logs === undefined ? [] : [logsRoute({ ...logs, clock, stop: signal })];
    const told = [
      ...[...statusRoutes(status), ...(health === undefined ? [] : [healthRoute(health)])],
      ...(metrics === undefined ? [] : metricsRoutes(metrics)),
    ];
    const checks = makeChecks === undefined ? [] : [checkRoute(makeChecks, signal)];
    const bySocket = this.#server([
      ...[...told, ...telemetry, ...messages],
      ...[...received, ...tail, ...lines, ...checks],
    ]);
    const byTcp = this.#server([...told, ...telemetry], refuseBrowsers);

    await this.#open(bySocket, `at ${path}`, (server) => listenAtSocket(server, this.#options, log));
    if (tcpPort !== undefined)
      await this.#open(byTcp, `on 127.0.0.1:${tcpPort}`, (server) => listenByTcp(server, tcpPort));
    await untilStopped(new Promise<never>(() => undefined), signal);
    await Promise.all([bySocket.stop(), byTcp.stop()]);
  }

  /** @param guard throws a `Refusal` for a request that must not be answered */
  #server(routes: readonly Route[], guard?: (request: IncomingMessage) => void): HttpServer {
    const { clock, log } = this.#options;
    const router = new Router(routes, log, guard);
    return new HttpServer({
      handle: (request, response) => router.handle(request, response),
      limits: this.#limits,
      clock,
      log,
    });
  }

  async #open(
    { server }: HttpServer,
    where: string,
    listen: (server: Server) => Promise<void>,
  ): Promise<void> {
    const { log } = this.#options;
    try {
      await listen(server);
      server.on('error', (error) => {
        log.warn({ error: describeError(error) }, `the local API is in trouble: ${describeError(error)}`);
      });
      log.debug({ address: server.address() }, `the local API listens ${where}`);
    } catch (cause) {
      server.close();
      const error = describeError(new Error(`cannot listen ${where}`, { cause }));
      log.warn({ error }, `the agent goes on without its local API: ${error}`);
    }
  }
}
