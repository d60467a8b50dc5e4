/** Upper bounds of the buckets, in milliseconds: from a hub next door to a message that a bad link has held up. */
const boundsMs = [10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000] as const;

/** What was observed since the start. */
export interface LatencyFigures {
  readonly boundsMs: readonly number[];
  /** For each bound how many took no longer, those within the bounds before included. */
  readonly within: readonly number[];
  readonly count: number;
  readonly sumMs: number;
}

/** How long the hub takes to acknowledge. Observing costs a short search and two additions, and allocates nothing. */
export class Latencies {
  /** One for each bound, and one for what took longer than all. */
  readonly #counts = new Array<number>(boundsMs.length + 1).fill(0);
  #sumMs = 0;

  observe(ms: number): void {
    let bucket = 0;
    while (ms > (boundsMs[bucket] ?? Infinity)) bucket += 1;
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#sumMs += ms;
  }

  get figures(): LatencyFigures {
    let count = 0;
    const cumulative = this.#counts.map((here) => (count += here));
    return { boundsMs, within: cumulative.slice(0, -1), count, sumMs: this.#sumMs };
  }
}
