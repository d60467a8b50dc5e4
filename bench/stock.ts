import { Child } from './child.ts';
import type { Payload } from './payload.ts';

export interface StockAddress {
  readonly connectionString: string;
  readonly caPem: string;
}

export interface SendOrder {
  readonly payload: Payload;
  readonly seconds: number;
  /** Sends in flight. */
  readonly window: number;
}

/** `azure-iot-device` with `azure-iot-device-mqtt`, as installed, in a process of its own. */
export class Stock {
  readonly #child = new Child('stock-process.ts');

  get pid(): number {
    return this.#child.pid;
  }

  async connect(address: StockAddress): Promise<void> {
    await this.#child.ask('connect', address);
  }

  /** Resolves with how many the hub has acknowledged, when all are. */
  async send(order: SendOrder): Promise<number> {
    return (await this.#child.ask('send', order)) as number;
  }

  end(): Promise<void> {
    return this.#child.end();
  }
}
