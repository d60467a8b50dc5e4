import { moment, notJudged, some, within } from './invariant.ts';
import type { Invariant } from './invariant.ts';

/** A fault that could not be made, or not put right again, proves nothing, and may be what broke the rest. */
export const faultsAsPlanned: Invariant = ({ faults }) => {
  const subject = {
    id: 'faults-as-planned',
    title: 'Every fault that can be had here was made, and put right again',
    limit: 0,
    unit: 'faults',
  };
  if (faults.length === 0) return notJudged(subject, 'no fault was planned');
  const failed = faults.flatMap(({ kind, startMs, failed: why }) =>
    why === undefined ? [] : [`${kind} at ${moment(startMs)}: ${why}`],
  );
  const unavailable = new Map(
    faults.flatMap(({ kind, unavailable: why }) => (why === undefined ? [] : [[kind, why] as const])),
  );
  const kinds = new Set(faults.filter((each) => each.unavailable === undefined).map(({ kind }) => kind));
  const missing = [...unavailable].map(([kind, why]) => `${kind} (${why})`);
  return within(subject, failed.length, {
    held:
      `${faults.length} faults, kinds made: ${kinds.size}` +
      (missing.length === 0 ? '' : `; not to be had here: ${some(missing)}`),
    broken: some(failed),
  });
};
