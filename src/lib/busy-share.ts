/** How much of the time something was busy, told from a total of its busy time that only grows. */
export class BusyShare {
  readonly #busyMs: () => number;
  readonly #monotonicMs: () => number;
  #lastBusyMs: number;
  #lastMs: number;

  /** Both in milliseconds. */
  constructor(busyMs: () => number, monotonicMs: () => number) {
    this.#busyMs = busyMs;
    this.#monotonicMs = monotonicMs;
    this.#lastBusyMs = busyMs();
    this.#lastMs = monotonicMs();
  }

  /** Since the last time this was asked, or since this was made; 1 is all the time, and 0 where no time has passed. */
  next(): number {
    const [busyMs, nowMs] = [this.#busyMs(), this.#monotonicMs()];
    const [busy, passed] = [busyMs - this.#lastBusyMs, nowMs - this.#lastMs];
    [this.#lastBusyMs, this.#lastMs] = [busyMs, nowMs];
    return passed <= 0 ? 0 : busy / passed;
  }
}
