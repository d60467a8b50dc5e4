/** How often a method has been answered with a status. */
export interface AnswerFigures {
  readonly method: string;
  readonly status: number;
  readonly count: number;
}

/** A method may answer with any status, and a command with any exit code: what is beyond this is counted together. */
const mostPairs = 200;
const otherMethods = '(other)';

/** Counts direct methods by name and status. */
export class AnswerTally {
  readonly #pairs = new Map<string, { readonly method: string; readonly status: number; count: number }>();

  /** @param method its own name, or `undefined` for one that does not exist, whatever it was called */
  answered(method: string | undefined, status: number): void {
    const pair = this.#pair(method ?? '(unknown)', status);
    pair.count += 1;
  }

  get figures(): readonly AnswerFigures[] {
    return [...this.#pairs.values()].map((pair) => ({ ...pair }));
  }

  #pair(method: string, status: number): { count: number } {
    const key = `${method} ${status}`;
    const known = this.#pairs.get(key);
    if (known !== undefined) return known;
    if (this.#pairs.size >= mostPairs && method !== otherMethods)
      return this.#pair(otherMethods, Math.floor(status / 100) * 100);
    const pair = { method, status, count: 0 };
    this.#pairs.set(key, pair);
    return pair;
  }
}
