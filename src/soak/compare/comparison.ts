import type { Finding } from '../judge/verdict.ts';
import { comparedFigures } from './compared-figures.ts';
import type { ComparedFigure } from './compared-figures.ts';
import type { RunResult } from './read-run.ts';

/** Two runs side by side. */
export interface Comparison {
  readonly before: RunResult['run'] & { readonly ok: boolean };
  readonly after: RunResult['run'] & { readonly ok: boolean };
  /** What was not the same to begin with: it may be why the results differ. */
  readonly unlike: readonly { readonly what: string; readonly before: string; readonly after: string }[];
  /** What got worse first. */
  readonly invariants: readonly ComparedInvariant[];
  readonly figures: readonly ComparedFigure[];
}

export interface ComparedInvariant {
  readonly id: string;
  readonly title: string;
  readonly change: Change;
  /** Absent: that run's version did not know it. */
  readonly before?: Finding;
  readonly after?: Finding;
}

/** `unknown`: one of the two was not judged. */
export type Change = 'broke' | 'worse' | 'same' | 'better' | 'mended' | 'unknown';

const order: readonly Change[] = ['broke', 'worse', 'same', 'unknown', 'better', 'mended'];

/** What differs by less of the larger of value and limit, is the same: no two runs are. */
const alike = 0.05;

export function compareRuns(before: RunResult, after: RunResult): Comparison {
  const ids = [...new Set([...after.invariants, ...before.invariants].map(({ id }) => id))];
  const find = ({ invariants }: RunResult, id: string): Finding | undefined =>
    invariants.find((finding) => finding.id === id);
  const compared = ids.map((id) => compareFindings(id, find(before, id), find(after, id)));
  return {
    before: { ...before.run, ok: before.ok },
    after: { ...after.run, ok: after.ok },
    unlike: unlike(before, after),
    invariants: compared
      .sort(
        (one, other) => order.indexOf(one.change) - order.indexOf(other.change) || other.growth - one.growth,
      )
      .map(({ growth: _, ...invariant }) => invariant),
    figures: comparedFigures(before, after),
  };
}

function unlike({ run: before }: RunResult, { run: after }: RunResult): Comparison['unlike'] {
  const facts = [
    'scenario',
    'seed',
    'agents',
    'host',
    'target',
    'version',
    'nodeVersion',
    'machine',
  ] as const;
  const named = facts.map((what) => ({ what, before: String(before[what]), after: String(after[what]) }));
  return named.filter((fact) => fact.before !== fact.after);
}

function compareFindings(
  id: string,
  before: Finding | undefined,
  after: Finding | undefined,
): ComparedInvariant & { readonly growth: number } {
  const growth = growthOf(before, after);
  return {
    id,
    title: after?.title ?? before?.title ?? id,
    change: changeOf(before, after, growth),
    growth,
    ...(before === undefined ? {} : { before }),
    ...(after === undefined ? {} : { after }),
  };
}

/** As a share of the limit or of the values, whichever is most. */
function growthOf(before: Finding | undefined, after: Finding | undefined): number {
  if (before === undefined || after === undefined) return 0;
  const scale = Math.max(Math.abs(before.value), Math.abs(after.value), before.limit, after.limit);
  return scale === 0 ? 0 : (after.value - before.value) / scale;
}

function changeOf(before: Finding | undefined, after: Finding | undefined, growth: number): Change {
  if (after?.outcome === 'broken' && before?.outcome !== 'broken') return 'broke';
  if (after === undefined || before === undefined) return 'unknown';
  if (after.outcome === 'not-judged' || before.outcome === 'not-judged') return 'unknown';
  if (before.outcome === 'broken' && after.outcome === 'held') return 'mended';
  if (Math.abs(growth) < alike) return 'same';
  return growth > 0 ? 'worse' : 'better';
}
