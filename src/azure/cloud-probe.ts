import { lookup } from 'node:dns/promises';
import type { TLSSocket } from 'node:tls';
import type { Destination, Door, NetworkProbe, TlsReport } from '../checks/network-probe.ts';
import { CloudError } from '../cloud-error.ts';
import type { FailureCode } from '../cloud-error.ts';
import type { Clock } from '../lib/clock.ts';
import { withDeadline } from '../lib/deadline.ts';
import { classifyEnd } from './classify.ts';
import { dialTcp, dialTls } from './dial.ts';
import { DialProgress } from './dial-progress.ts';
import { bypassesProxy } from './no-proxy.ts';
import type { Proxy } from './proxy-tunnel.ts';
import type { SecureContexts } from './secure-contexts.ts';
import { reportOf } from './server-chain.ts';
import { authorityOf, portFor } from './target.ts';
import type { Way } from './way.ts';
import type { WayOptions } from './way-options.ts';
import type { WireBytes } from './wire-bytes.ts';

export interface CloudProbeOptions {
  readonly route: () => WayOptions;
  readonly contexts: SecureContexts;
  readonly wire: WireBytes;
  readonly clock: Clock;
  /** For each question, in milliseconds. */
  readonly timeoutMs: number;
}

type HopOptions = Parameters<typeof dialTcp>[0];

/** Where the server was reached, and only its certificate is not to be trusted. */
const certificateFaults: ReadonlySet<FailureCode> = new Set([
  'TLS-UNTRUSTED',
  'TLS-NOT-YET-VALID',
  'TLS-EXPIRED',
  'TLS-HOSTNAME',
]);

/** Looks at the way to the cloud hop by hop, with the hops that `dial` is made of. */
export class CloudProbe implements NetworkProbe {
  readonly #options: CloudProbeOptions;

  constructor(options: CloudProbeOptions) {
    this.#options = options;
  }

  doors(destination: Destination): readonly Door[] {
    const { transport } = this.#options.route();
    const ways: readonly Way[] = transport === 'auto' ? ['mqtt', 'mqtt_ws'] : [transport];
    const doors = ways.map((way) => ({ way, port: portFor(destination, way) }));
    return doors.filter(({ port }, index) => doors.findIndex((door) => door.port === port) === index);
  }

  async proxyFor(destination: Destination, door: Door): Promise<string | undefined> {
    const proxy = await this.#proxy(destination, door);
    return proxy === undefined ? undefined : authorityOf(proxy.host, proxy.port);
  }

  async resolve({ host, service }: Destination, signal: AbortSignal): Promise<readonly string[]> {
    const progress = new DialProgress(host, undefined);
    const found = await this.#within(`resolve ${host}`, service, signal, progress, () =>
      lookup(host, { all: true }),
    );
    return found.map(({ address }) => address);
  }

  async reach(destination: Destination, door: Door, signal: AbortSignal): Promise<void> {
    await this.#through(destination, door, signal, async (hops, limit) => {
      const socket = await dialTcp(hops, limit);
      socket.destroy();
    });
  }

  async secure(destination: Destination, door: Door, signal: AbortSignal): Promise<TlsReport> {
    const secureContext = this.#options.contexts.anonymous();
    const shown: { report?: TlsReport } = {};
    const onShown = (socket: TLSSocket): void => {
      shown.report = reportOf(socket);
    };
    try {
      return await this.#through(destination, door, signal, async (hops, limit) => {
        const socket = await dialTls({ ...hops, secureContext, onShown }, limit);
        const report = reportOf(socket);
        socket.destroy();
        return report;
      });
    } catch (error) {
      if (!(error instanceof CloudError) || !certificateFaults.has(error.code)) throw error;
      // Refused it stays; who signed it is what the reader wants to know.
      if (shown.report === undefined) throw error;
      return { ...shown.report, refusal: error };
    }
  }

  async #through<T>(
    destination: Destination,
    door: Door,
    signal: AbortSignal,
    work: (hops: HopOptions, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const { host, service } = destination;
    const { port } = door;
    const proxy = await this.#proxy(destination, door);
    const progress = new DialProgress(host, proxy);
    const by = proxy === undefined ? '' : ' through the proxy';
    const hops = { host, port, proxy, wire: this.#options.wire, progress };
    return await this.#within(`reach ${authorityOf(host, port)}${by}`, service, signal, progress, (limit) =>
      work(hops, limit),
    );
  }

  async #proxy({ host }: Destination, { port }: Door): Promise<Proxy | undefined> {
    const { noProxy, proxy } = this.#options.route();
    return bypassesProxy(host, port, noProxy) ? undefined : await proxy?.();
  }

  async #within<T>(
    doing: string,
    service: Destination['service'],
    signal: AbortSignal,
    progress: DialProgress,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const { clock, timeoutMs } = this.#options;
    try {
      return await withDeadline(clock, timeoutMs, progress.late, signal, work);
    } catch (error) {
      if (signal.aborted || !(error instanceof Error)) throw error;
      const cause = progress.causeOf(error);
      const code = classifyEnd({ wasOpen: false, error: cause, byServer: false }, service);
      throw new CloudError(code, doing, { cause });
    }
  }
}
