/** What came of a run: `result.json`. */
export interface Verdict {
  /** Whether every invariant that could be judged held. */
  readonly ok: boolean;
  readonly invariants: readonly Finding[];
}

/** One invariant, with its number. */
export interface Finding {
  /** Stable: `delivered-or-counted`, `duplicates`, `order`, `memory-slope`, … */
  readonly id: string;
  /** In words: what must hold. */
  readonly title: string;
  /** `not-judged` says in `detail` why: too short, nobody to ask. */
  readonly outcome: 'held' | 'broken' | 'not-judged';
  readonly value: number;
  readonly limit: number;
  /** Of value and limit: `messages`, `ms`, `bytes/h`, … */
  readonly unit: string;
  /** What was seen; with the agents, moments and lines to look at when it is broken. */
  readonly detail: string;
}
