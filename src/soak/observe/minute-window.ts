const seconds = 60;

/** How many came in the worst minute, in steps of a second and 120 bytes. Times do not go back. */
export class MinuteWindow {
  readonly #counts = new Uint16Array(seconds);
  #second = 0;
  #inWindow = 0;
  total = 0;
  most = 0;
  /** When the worst minute ended. */
  mostAtMs = 0;

  count(atMs: number): void {
    this.#moveTo(Math.floor(atMs / 1000));
    const slot = this.#second % seconds;
    this.#counts[slot] = (this.#counts[slot] ?? 0) + 1;
    this.#inWindow += 1;
    this.total += 1;
    if (this.#inWindow <= this.most) return;
    this.most = this.#inWindow;
    this.mostAtMs = atMs;
  }

  #moveTo(second: number): void {
    if (second - this.#second >= seconds) {
      this.#counts.fill(0);
      this.#inWindow = 0;
      this.#second = second;
    }
    while (this.#second < second) {
      this.#second += 1;
      const slot = this.#second % seconds;
      this.#inWindow -= this.#counts[slot] ?? 0;
      this.#counts[slot] = 0;
    }
  }
}
