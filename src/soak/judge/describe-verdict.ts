import { bareQuantity, quantity } from '../quantity.ts';
import type { Finding, Verdict } from './verdict.ts';

/** A line for each invariant, for people; of those that did not hold, why. */
export function describeVerdict({ ok, invariants }: Verdict): string {
  return [...invariants.map(describeFinding), ok ? 'held\n' : 'BROKEN\n'].join('');
}

const marks: Readonly<Record<Finding['outcome'], string>> = {
  held: 'held      ',
  broken: 'BROKEN    ',
  'not-judged': 'not judged',
};

function describeFinding({ title, outcome, value, limit, unit, detail }: Finding): string {
  const figures =
    outcome === 'not-judged' ? '' : `: ${bareQuantity(value, unit)} of at most ${quantity(limit, unit)}`;
  const why =
    outcome === 'held' || detail === '' ? '' : `\n             ${detail.replaceAll('\n', '\n             ')}`;
  return `${marks[outcome]} ${title}${figures}${why}\n`;
}
