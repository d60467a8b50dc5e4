/**
 * Counts in steps of time, never more than `mostSteps` of them: when they are full, each two become one, and a step lasts
 * twice as long. Nothing is lost but when exactly it was.
 */
export class ThinningSeries<Name extends string> {
  readonly #mostSteps: number;
  readonly #counts: Readonly<Record<Name, number[]>>;
  #stepMs: number;

  constructor(names: readonly Name[], stepMs = 1000, mostSteps = 2000) {
    this.#stepMs = stepMs;
    this.#mostSteps = mostSteps;
    this.#counts = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
  }

  get stepMs(): number {
    return this.#stepMs;
  }

  count(name: Name, atMs: number, howMany = 1): void {
    while (atMs >= this.#stepMs * this.#mostSteps) this.#double();
    const step = Math.max(0, Math.floor(atMs / this.#stepMs));
    const counts = this.#counts[name];
    while (counts.length <= step) counts.push(0);
    counts[step] = (counts[step] ?? 0) + howMany;
  }

  /** All of the same length. */
  series(): Record<Name, number[]> {
    const entries = Object.entries(this.#counts) as [Name, number[]][];
    const length = Math.max(0, ...entries.map(([, counts]) => counts.length));
    return Object.fromEntries(
      entries.map(([name, counts]) => [name, Array.from({ length }, (_, step) => counts[step] ?? 0)]),
    ) as Record<Name, number[]>;
  }

  #double(): void {
    this.#stepMs *= 2;
    for (const counts of Object.values<number[]>(this.#counts)) {
      const halved = Math.ceil(counts.length / 2);
      for (let step = 0; step < halved; step += 1) {
        counts[step] = (counts[2 * step] ?? 0) + (counts[2 * step + 1] ?? 0);
      }
      counts.length = halved;
    }
  }
}
