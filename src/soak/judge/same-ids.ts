import { notJudged, some, unheard, within } from './invariant.ts';
import type { Invariant } from './invariant.ts';

/** Whatever comes twice comes under the ID, and with the content, that it had before. */
export const sameIds: Invariant = ({ ledger, run }) => {
  const subject = {
    id: 'same-ids',
    title: 'An ID stands for one message, and a message keeps its ID and content',
    limit: 0,
    unit: 'contradictions',
  };
  if (run.target === 'azure') return notJudged(subject, unheard);
  const entries = Object.entries(ledger);
  if (entries.length === 0) return notJudged(subject, 'no ledger was kept');
  const found = entries.flatMap(([agent, { contradictions }]) =>
    contradictions.map((contradiction) => `${agent}: ${contradiction}`),
  );
  return within(subject, found.length, { held: 'none was seen', broken: some(found) });
};
