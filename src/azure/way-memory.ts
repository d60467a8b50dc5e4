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

/** Which way worked, host by host. */
export class WayMemory {
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #store: WayStore | undefined;
  #blocked: Promise<Map<string, string>> | undefined;

  /** @param store none: it is forgotten with the process */
  constructor(transport: Transport, clock: Clock, store?: WayStore) {
    this.#transport = transport;
    this.#clock = clock;
    this.#store = store;
  }

  async waysTo(host: string): Promise<readonly Way[]> {
    const failedAt = (await this.#hosts()).get(host);
    const failedAtMs = failedAt === undefined ? undefined : Date.parse(failedAt);
    return waysToTry(this.#transport, failedAtMs, this.#clock.now().getTime());
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

  #hosts(): Promise<Map<string, string>> {
    this.#blocked ??= (this.#store?.load() ?? Promise.resolve({})).then(
      (hosts) => new Map(Object.entries(hosts)),
    );
    return this.#blocked;
  }
}
