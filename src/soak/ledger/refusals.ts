import type { RefusalRecord } from '../evidence.ts';
import { BoundedList } from '../observe/bounded-list.ts';

const most = 50_000;

/** From when to when each agent took nothing of what was posted to it. */
export class Refusals {
  readonly #elapsedMs: () => number;
  /** When the post was made that is under way, or was the last. */
  readonly #postedMs = new Map<string, number>();
  readonly #open = new Map<string, RefusalRecord>();
  readonly #over = new BoundedList<RefusalRecord>(most);

  constructor(elapsedMs: () => number) {
    this.#elapsedMs = elapsedMs;
  }

  posted(agent: string): void {
    this.#postedMs.set(agent, this.#elapsedMs());
  }

  refused(agent: string, status: string): void {
    const toMs = this.#elapsedMs();
    const fromMs = this.#open.get(agent)?.fromMs ?? this.#postedMs.get(agent) ?? toMs;
    this.#open.set(agent, { agent, fromMs, toMs, status });
  }

  accepted(agent: string): void {
    const open = this.#open.get(agent);
    if (open === undefined) return;
    this.#open.delete(agent);
    this.#over.push({ ...open, toMs: this.#elapsedMs() });
  }

  get seen(): readonly RefusalRecord[] {
    return [...this.#over.list(), ...this.#open.values()];
  }

  get omitted(): number {
    return this.#over.omitted;
  }
}
