import { notJudged, some, within } from './invariant.ts';
import type { Invariant } from './invariant.ts';

/**
 * Of one priority the order is kept up to the window of 64 sends that are under way (docs/queue.md): one when a session
 * ends, and one in the session after it.
 */
const furthest = 2 * 64;

export const order: Invariant = ({ ledger }) => {
  const subject = {
    id: 'order',
    title: 'Messages of one priority come in their order, but for those under way at once',
    limit: furthest,
    unit: 'messages behind',
  };
  const entries = Object.entries(ledger);
  if (entries.every(([, { delivered }]) => delivered === 0))
    return notJudged(subject, 'nothing was delivered');
  const behind = entries
    .filter(([, { outOfOrder }]) => outOfOrder > 0)
    .sort(([, one], [, other]) => other.furthestOutOfOrder - one.furthestOutOfOrder)
    .map(([agent, entry]) => `${agent} ${entry.outOfOrder}, by ${entry.furthestOutOfOrder} at the most`);
  const value = Math.max(...entries.map(([, { furthestOutOfOrder }]) => furthestOutOfOrder));
  const seen = behind.length === 0 ? 'all in order' : `after a higher number: ${some(behind)}`;
  return within(subject, value, { held: seen, broken: seen });
};

/**
 * What ends a session with sends under way puts a few messages behind others; more than these are not kept in order at all,
 * even if each is not far from its place.
 */
const fewBehind = 0.05;

export const orderShare: Invariant = ({ ledger }) => {
  const subject = {
    id: 'order-share',
    title: 'Few messages come behind a later one',
    limit: fewBehind,
    unit: 'share',
  };
  const entries = Object.values(ledger);
  const delivered = entries.reduce((sum, entry) => sum + entry.delivered, 0);
  if (delivered === 0) return notJudged(subject, 'nothing was delivered');
  const behind = entries.reduce((sum, entry) => sum + entry.outOfOrder, 0);
  const seen = `${behind} of ${delivered}`;
  return within(subject, behind / delivered, { held: seen, broken: seen });
};
