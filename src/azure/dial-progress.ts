import { isIP } from 'node:net';
import { unreachableProxy } from './proxy-error.ts';
import type { Proxy } from './proxy-tunnel.ts';

/** How far a connection has come: says what it was that did not answer, when its time is up. */
export class DialProgress {
  /** The reason with which whoever waits for the connection is to give it up. */
  readonly late = Object.assign(new Error('no answer in time'), { code: 'ETIMEDOUT' });
  readonly #proxy: Proxy | undefined;
  #isResolved: boolean;
  #isAtProxy: boolean;

  constructor(host: string, proxy: Proxy | undefined) {
    this.#proxy = proxy;
    this.#isAtProxy = proxy !== undefined;
    // A name is resolved by the proxy, where there is one.
    this.#isResolved = this.#isAtProxy || isIP(host) !== 0;
  }

  resolved(): void {
    this.#isResolved = true;
  }

  proxyReached(): void {
    this.#isAtProxy = false;
  }

  /** What an error of the connection was, by how far it had come: only its end by `late` is not told by itself. */
  causeOf(error: Error): Error {
    if (error !== this.late) return error;
    if (this.#isAtProxy && this.#proxy !== undefined) return unreachableProxy(this.#proxy, error);
    if (this.#isResolved) return error;
    return Object.assign(new Error('the name server has not answered in time'), { code: 'EAI_AGAIN' });
  }
}
