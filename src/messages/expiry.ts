import type { Clock } from '../lib/clock.ts';

/** Whether its time is over. By a clock that is not to be trusted, nothing is. */
export class Expiry {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #trustsClock: () => boolean;

  constructor(clock: Pick<Clock, 'now'>, trustsClock: () => boolean) {
    this.#clock = clock;
    this.#trustsClock = trustsClock;
  }

  hasExpired({ expiresAtMs }: { readonly expiresAtMs?: number | undefined }): boolean {
    return expiresAtMs !== undefined && this.#trustsClock() && this.#clock.now().getTime() >= expiresAtMs;
  }
}
