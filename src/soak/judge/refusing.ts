import { moment, notJudged, some, within } from './invariant.ts';
import type { Invariant } from './invariant.ts';
import { faultSpans, observedUntilMs, without } from './spans.ts';

/** What was refused was never promised: an agent that takes nothing any more loses nothing by the ledger. */
export const refusing: Invariant = (evidence, limits) => {
  const subject = {
    id: 'refusing',
    title: 'No agent goes on refusing what is posted to it when nothing is wrong',
    limit: limits.stuckMs,
    unit: 'ms',
  };
  const { refusals, run } = evidence;
  if (run.target === 'azure') return notJudged(subject, 'the soak itself refuses what would cost too much');
  if (refusals === undefined) return notJudged(subject, 'the run is of a time when nobody looked');
  const lastMs = observedUntilMs(evidence);
  if (lastMs <= limits.stuckMs)
    return notJudged(subject, `the run took ${moment(lastMs)}, which is not long enough to tell`);
  const faults = faultSpans(evidence);
  const longest = refusals
    .flatMap(({ agent, status, ...span }) =>
      without(span, faults.get(agent) ?? []).map(({ fromMs, toMs }) => ({
        agent,
        status,
        fromMs,
        ms: toMs - fromMs,
      })),
    )
    .sort((one, other) => other.ms - one.ms);
  const words = longest
    .slice(0, 3)
    .map(
      ({ agent, status, fromMs, ms }) =>
        `${agent} for ${moment(ms)} from ${moment(fromMs)}, at last ${status === 'none' ? 'without an answer' : `with ${status}`}`,
    );
  const detail = words.length === 0 ? 'nothing was refused' : some(words);
  return within(subject, longest[0]?.ms ?? 0, { held: detail, broken: detail });
};
