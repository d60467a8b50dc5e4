import { moment, notJudged, some, within } from './invariant.ts';
import type { Invariant } from './invariant.ts';
import { faultSpans, observedUntilMs, offlineSpans, stateSpans, without } from './spans.ts';

/**
 * Without a connection for ever, while nothing is wrong. Waiting and connecting in turn is as stuck as waiting; only time
 * without a fault for this agent counts.
 */
export const stuck: Invariant = (evidence, limits) => {
  const subject = {
    id: 'stuck',
    title: 'No agent stays without a connection when nothing is wrong with the cloud',
    limit: limits.stuckMs,
    unit: 'ms',
  };
  const states = stateSpans(evidence);
  const lastMs = observedUntilMs(evidence);
  if (lastMs <= limits.stuckMs) {
    return notJudged(subject, `the run took ${moment(lastMs)}, which is not long enough to tell`);
  }
  const faults = faultSpans(evidence);
  const alone = [...states].flatMap(([agent, spans]) =>
    offlineSpans(spans).flatMap((span) =>
      without(span, faults.get(agent) ?? []).map(({ fromMs, toMs }) => ({
        agent,
        ms: toMs - fromMs,
        fromMs,
        state: spans.findLast((each) => each.fromMs < toMs),
      })),
    ),
  );
  const longest = alone.sort((one, other) => other.ms - one.ms);
  const words = longest
    .filter(({ ms }) => ms > limits.stuckMs)
    .map(
      ({ agent, ms, fromMs, state }) =>
        `${agent} for ${moment(ms)} from ${moment(fromMs)}, at last ${state?.state ?? 'unseen'}` +
        (state?.code === undefined ? '' : ` (${state.code})`),
    );
  return within(subject, longest[0]?.ms ?? 0, {
    held:
      longest[0] === undefined ? 'none' : `${longest[0].agent} longest, from ${moment(longest[0].fromMs)}`,
    broken: some(words),
  });
};
