import { notJudged, some, within } from './invariant.ts';
import type { Invariant } from './invariant.ts';

/** Delivery is at least once; what comes again has to be paid for all the same. */
export const duplicatesShare: Invariant = ({ ledger }, limits) => {
  const subject = {
    id: 'duplicates',
    title: 'Few messages come more than once',
    limit: limits.duplicates,
    unit: 'share',
  };
  const entries = Object.entries(ledger);
  const delivered = entries.reduce((sum, [, entry]) => sum + entry.delivered, 0);
  const duplicates = entries.reduce((sum, [, entry]) => sum + entry.duplicates, 0);
  if (delivered === 0) return notJudged(subject, 'nothing was delivered');
  const most = entries
    .filter(([, entry]) => entry.duplicates > 0)
    .sort(([, one], [, other]) => other.duplicates - one.duplicates)
    .map(([agent, entry]) => `${agent} ${entry.duplicates} of ${entry.delivered}`);
  const seen = `${duplicates} of ${delivered} came again`;
  return within(subject, duplicates / delivered, { held: seen, broken: `${seen}; most: ${some(most)}` });
};
