import type { FaultInput } from '../src/simulator/faults.ts';
import { Child } from './child.ts';
import { pass } from './pass.ts';

export interface HubAddress {
  readonly scopeId: string;
  readonly dps: { readonly host: string; readonly port: number };
  readonly caFile: string;
  readonly caPem: string;
  /** What devices are told, with the port. */
  readonly hubName: string;
}

/** What has arrived since the counting began; times in milliseconds since 1970, finer than a clock of that kind. */
export interface Arrived {
  readonly messages: number;
  /** Those in arrays one by one. */
  readonly readings: number;
  /** Of the messages, those that had arrived before. */
  readonly duplicates: number;
  readonly firstMs: number;
  readonly lastMs: number;
}

/** Nothing has arrived for so long: nothing more will. In milliseconds. */
const silenceMs = 20_000;

/** The simulator in its own process. */
export class Hub {
  readonly address: HubAddress;
  readonly #child: Child;

  private constructor(child: Child, address: HubAddress) {
    this.#child = child;
    this.address = address;
  }

  /** @param retryAfterSeconds what DPS tells who has registered; the real one says 3 (protocol.md 1.4) */
  static async start(retryAfterSeconds = 0): Promise<Hub> {
    const child = new Child('hub-process.ts', [String(retryAfterSeconds)]);
    return new Hub(child, (await child.ask('address')) as HubAddress);
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Returns the new device's key. */
  async enroll(registrationId: string): Promise<string> {
    return (await this.#child.ask('enroll', registrationId)) as string;
  }

  /** A device that DPS has nothing to do with. Returns its connection string. */
  async addDevice(deviceId: string): Promise<string> {
    const key = (await this.#child.ask('addDevice', deviceId)) as string;
    return `HostName=${this.address.hubName};DeviceId=${deviceId};SharedAccessKey=${key}`;
  }

  async startCounting(): Promise<void> {
    await this.#child.ask('startCounting');
  }

  async arrived(): Promise<Arrived> {
    return (await this.#child.ask('arrived')) as Arrived;
  }

  /** Resolves when so many different ones have arrived. Rejects when some are missing. */
  async untilArrived(count: number, what: 'messages' | 'readings'): Promise<Arrived> {
    let last = { messages: -1, atMs: performance.now() };
    for (;;) {
      const arrived = await this.arrived();
      if (arrived[what] - arrived.duplicates >= count) return arrived;
      if (arrived.messages !== last.messages) last = { messages: arrived.messages, atMs: performance.now() };
      if (performance.now() - last.atMs > silenceMs)
        throw new Error(`of ${count} ${what} only ${arrived[what] - arrived.duplicates} have arrived`);
      await pass(50);
    }
  }

  /** Out of reach: nobody listens any more. */
  async vanish(): Promise<void> {
    for (const fault of [
      { kind: 'refuse-tcp', how: 'closed' },
      { kind: 'drop-connections' },
    ] satisfies FaultInput[])
      await this.#child.ask('addFault', fault);
  }

  async comeBack(): Promise<void> {
    await this.#child.ask('clearFaults');
  }

  end(): Promise<void> {
    return this.#child.end();
  }
}
