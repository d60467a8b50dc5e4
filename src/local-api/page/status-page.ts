import type { Clock } from '../../lib/clock.ts';
import { untilStopped } from '../../lib/deadline.ts';
import { describeError } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import type { Secret } from '../../lib/secret.ts';
import type { Service } from '../../lib/service.ts';
import { healthRoute } from '../health.ts';
import type { HealthReport } from '../health.ts';
import { HttpServer } from '../http-server.ts';
import { apiLimits } from '../limits.ts';
import { listenByTcp } from '../loopback.ts';
import { Router } from '../router.ts';
import type { Route } from '../router.ts';
import type { AgentStatus } from '../status.ts';
import { statusRoutes } from '../status-routes.ts';
import { documentHeaders, statusDocument } from './document.ts';
import { Door } from './door.ts';
import { refuseOtherPages } from './own-page.ts';

export interface StatusPageOptions {
  readonly listen: { readonly address: string; readonly port: number };
  /** Whether only this machine can reach that address. */
  readonly isLoopback: boolean;
  /** Absent: everybody who can reach it is let in. */
  readonly password?: (() => Promise<Secret>) | undefined;
  readonly hostName: string;
  readonly status: () => AgentStatus;
  readonly health: () => HealthReport;
  readonly clock: Clock;
  readonly log: Log;
}

/** The page is looked at by a few people, whose browsers open some connections each. */
const limits = { ...apiLimits, maxConnections: 32, maxBodyBytes: 0 };

/**
 * The status as a page for browsers, on an address of its own: it can be looked at, and nothing else. The agent does not
 * depend on it: when it cannot listen, one warning says why. Runs until its signal is aborted.
 */
export class StatusPage implements Service {
  readonly name = 'status page';
  readonly #options: StatusPageOptions;

  constructor(options: StatusPageOptions) {
    this.#options = options;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, log, hostName } = this.#options;
    const router = new Router(this.#routes(), log, (request) => {
      refuseOtherPages(request, hostName);
    });
    const server = new HttpServer({
      handle: (request, response) => router.handle(request, response),
      limits,
      clock,
      log,
    });
    await this.#open(server);
    await untilStopped(new Promise<never>(() => undefined), signal);
    await server.stop();
  }

  #routes(): Route[] {
    const { status, health, password, clock, log } = this.#options;
    const page: Route = {
      method: 'GET',
      path: '/',
      answer: () => ({ status: 200, headers: documentHeaders, body: statusDocument(status(), clock.now()) }),
    };
    const routes = [page, ...statusRoutes(status), healthRoute(health)];
    if (password === undefined) return routes;
    const door = new Door(password, clock, log);
    return routes.map((route) => ({
      ...route,
      answer: async (exchange) => {
        await door.admit(exchange.request);
        return route.answer(exchange);
      },
    }));
  }

  async #open({ server }: HttpServer): Promise<void> {
    const { listen, isLoopback, log } = this.#options;
    const { address, port } = listen;
    const where = `http://${address.includes(':') ? `[${address}]` : address}:${port}/`;
    try {
      await listenByTcp(server, port, address);
      server.on('error', (error) => {
        log.warn({ error: describeError(error) }, `the status page is in trouble: ${describeError(error)}`);
      });
      log.info({ address: server.address() }, `the status page is at ${where}`);
      if (!isLoopback)
        log.warn(
          `the status page at ${where} asks for its password over plain HTTP: whoever can listen in on that network ` +
            'can read it; docs/local-api.md has safer ways',
        );
    } catch (cause) {
      server.close();
      const error = describeError(new Error(`cannot listen at ${where}`, { cause }));
      log.warn({ error }, `the agent goes on without its status page: ${error}`);
    }
  }
}
