import type { Evidence } from '../evidence.ts';
import { faultsMade } from '../judge/spans.ts';

/** Where the page marks faults: a row for each kind, a band for each fault. */
export interface FaultBands {
  readonly kinds: readonly string[];
  /** From, to (seconds of the run), index of the kind, what it was. */
  readonly bands: readonly (readonly [number, number, number, string])[];
  /** Of a run with more faults than can be told apart: not marked. */
  readonly omitted: number;
}

/** A weekend may have thousands, and a screen a thousand pixels. */
const mostBands = 3000;

export function faultBands(evidence: Evidence): FaultBands {
  const made = faultsMade(evidence).sort((one, other) => one.startMs - other.startMs);
  const every = Math.max(1, Math.ceil(made.length / mostBands));
  const drawn = made.filter((_, index) => index % every === 0);
  const kinds = [...new Set(drawn.map(({ kind }) => kind))];
  const seconds = (ms: number): number => Math.round(ms / 100) / 10;
  return {
    kinds,
    bands: drawn.map(({ startMs, endMs, kind, description, agents }) => [
      seconds(startMs),
      seconds(endMs),
      kinds.indexOf(kind),
      `${description}, ${agents.length} ${agents.length === 1 ? 'agent' : 'agents'}`,
    ]),
    omitted: made.length - drawn.length,
  };
}
