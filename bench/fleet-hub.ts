import { Child } from './child.ts';

export interface FleetAddress {
  readonly scopeId: string;
  readonly endpoint: string;
  readonly caFile: string;
  /** Of the group that everybody is enrolled by, in base64. */
  readonly groupKey: string;
}

/** What has arrived so far, and from how many devices. */
export interface FleetTraffic {
  readonly messages: number;
  readonly senders: number;
}

/** A fresh simulator in its own process: DPS has everybody wait for three seconds, as the service does (protocol.md 1.4). */
export class FleetHub {
  readonly address: FleetAddress;
  readonly #child: Child;

  private constructor(child: Child, address: FleetAddress) {
    this.#child = child;
    this.address = address;
  }

  static async start(): Promise<FleetHub> {
    const child = new Child('fleet-hub-process.ts');
    return new FleetHub(child, (await child.ask('address')) as FleetAddress);
  }

  get pid(): number {
    return this.#child.pid;
  }

  async traffic(): Promise<FleetTraffic> {
    return (await this.#child.ask('traffic')) as FleetTraffic;
  }

  end(): Promise<void> {
    return this.#child.end();
  }
}
