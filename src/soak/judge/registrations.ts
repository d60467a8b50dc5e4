import { moment, notJudged, unheard, within } from './invariant.ts';
import type { Invariant } from './invariant.ts';

const minuteMs = 60_000;

/** DPS limits how many registrations it takes in a minute, for all of them together. */
export const registrations: Invariant = ({ registrations: records, run }, limits) => {
  const subject = {
    id: 'registrations',
    title: 'DPS is not asked more often than its limit allows',
    limit: limits.registrationsPerMinute,
    unit: 'registrations/min',
  };
  if (run.target === 'azure') return notJudged(subject, unheard);
  const { most, atMs } = busiestMinute(records.map((record) => record.atMs));
  const seen = `${records.length} in all; most in the minute that ended at ${moment(atMs)}`;
  return within(subject, most, { held: seen, broken: seen });
};

/** In any minute, whenever it begins. */
export function busiestMinute(times: readonly number[]): { most: number; atMs: number } {
  const sorted = Float64Array.from(times).sort();
  let busiest = { most: 0, atMs: 0 };
  let first = 0;
  for (const [index, atMs] of sorted.entries()) {
    while ((sorted[first] ?? atMs) <= atMs - minuteMs) first += 1;
    if (index - first + 1 > busiest.most) busiest = { most: index - first + 1, atMs };
  }
  return busiest;
}
