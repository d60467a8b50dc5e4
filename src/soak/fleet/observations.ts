import type { Evidence, LogFinding, ProcessEnd, StateChange } from '../evidence.ts';

/** As long as an agent's process runs and nothing was heard of its state. */
export const startingState = 'starting';
export const goneState = 'gone';

const most = { states: 400_000, ends: 50_000, findings: 500 };
const longestLine = 2000;

/** What was seen of a fleet, within bounds: of states and ends the newest are kept, of findings the first. */
export class Observations {
  readonly current = new Map<string, StateChange>();
  readonly #elapsed: () => number;
  readonly #states = new Newest<StateChange>(most.states);
  readonly #ends = new Newest<ProcessEnd>(most.ends);
  readonly #findings: LogFinding[] = [];
  #omittedFindings = 0;
  #omittedLogLines = 0;

  /** @param elapsed milliseconds since the run began */
  constructor(elapsed: () => number) {
    this.#elapsed = elapsed;
  }

  get seen(): Pick<Evidence, 'states' | 'ends' | 'findings' | 'omitted'> {
    const omitted = {
      'state changes': this.#states.dropped,
      'process ends': this.#ends.dropped,
      'log findings': this.#omittedFindings,
      'log lines': this.#omittedLogLines,
    };
    return {
      states: this.#states.items,
      ends: this.#ends.items,
      findings: this.#findings,
      omitted: Object.fromEntries(Object.entries(omitted).filter(([, count]) => count > 0)),
    };
  }

  enter(agent: string, state: string, code?: string): void {
    const change = { agent, atMs: this.#elapsed(), state, ...(code === undefined ? {} : { code }) };
    this.current.set(agent, change);
    this.#states.push(change);
  }

  ended(end: Omit<ProcessEnd, 'atMs'>): void {
    this.#ends.push({ ...end, atMs: this.#elapsed() });
  }

  find(kind: LogFinding['kind'], agent: string, line: string): void {
    if (this.#findings.length < most.findings)
      this.#findings.push({ kind, agent, atMs: this.#elapsed(), line: line.slice(0, longestLine) });
    else this.#omittedFindings += 1;
  }

  omitLogLines(count: number): void {
    this.#omittedLogLines += count;
  }
}

/** A list that lets its oldest tenth go when it is full, and counts it. */
class Newest<T> {
  items: T[] = [];
  dropped = 0;
  readonly #most: number;

  constructor(size: number) {
    this.#most = size;
  }

  push(item: T): void {
    this.items.push(item);
    if (this.items.length <= this.#most) return;
    const old = Math.ceil(this.#most / 10);
    this.items = this.items.slice(old);
    this.dropped += old;
  }
}
