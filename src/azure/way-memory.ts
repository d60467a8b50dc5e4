import type { Clock } from '../lib/clock.ts';
import { waysToTry } from './way.ts';
import type { Transport, Way } from './way.ts';

/** By host: when plain MQTT did not get through and WebSockets did, ISO 8601. */
export type BlockedHosts = Readonly<Record<string, string>>;

/** Where the memory outlives the process. Neither may reject: what cannot be kept is only found out again. */
export interface WayStore {
  load(): Promise<BlockedHosts>;
  save(hosts: BlockedHosts): Promise<void>;
}

/** DPS and the hubs of late; a host more pushes the oldest out, and is at worst found out again. */
const maxHosts = 16;

/** The settings that decide on the way. */
export interface Route {
  readonly transport: Transport;
  /** Another one where a way that failed may work and the other way round: behind another proxy, for one. */
  readonly routeId: string;
}

/** Which way worked, host by host, by one route: by another one it is found out anew. */
export class WayMemory {
  readonly #clock: Clock;
  readonly #store: WayStore | undefined;
  #routeId: string | undefined;
  #blocked: Promise<Map<string, string>> | undefined;

  /** @param store none: it is forgotten with the process */
  constructor(clock: Clock, store?: WayStore) {
    this.#clock = clock;
    this.#store = store;
  }

  async waysTo(host: string, { transport, routeId }: Route): Promise<readonly Way[]> {
    if (this.#routeId !== undefined && this.#routeId !== routeId) await this.#forget();
    this.#routeId = routeId;
    const failedAt = (await this.#hosts()).get(host);
    const failedAtMs = failedAt === undefined ? undefined : Date.parse(failedAt);
    return waysToTry(transport, failedAtMs, this.#clock.now().getTime());
  }

  /** The service has answered by this way. @param others the ways that had failed before, in this attempt */
  async worked(host: string, way: Way, others: readonly Way[]): Promise<void> {
    const hosts = await this.#hosts();
    if (way === 'mqtt') {
      if (!hosts.delete(host)) return;
    } else {
      if (!others.includes('mqtt')) return;
      hosts.delete(host);
      hosts.set(host, this.#clock.now().toISOString());
    }
    const [oldest] = hosts.keys();
    if (hosts.size > maxHosts && oldest !== undefined) hosts.delete(oldest);
    await this.#store?.save(Object.fromEntries(hosts));
  }

  async #forget(): Promise<void> {
    const hosts = await this.#hosts();
    if (hosts.size === 0) return;
    hosts.clear();
    await this.#store?.save({});
  }

  #hosts(): Promise<Map<string, string>> {
    this.#blocked ??= (this.#store?.load() ?? Promise.resolve({})).then(
      (hosts) => new Map(Object.entries(hosts)),
    );
    return this.#blocked;
  }
}
