import { moment, notJudged, some, within } from './invariant.ts';
import type { Invariant } from './invariant.ts';
import { observedUntilMs, stateSpans } from './spans.ts';

/** The calm at the end lasts until everybody is connected, and no fault has been in force since it began. */
export const allConnected: Invariant = (evidence) => {
  const subject = {
    id: 'all-connected',
    title: 'When it is over, every agent is connected',
    limit: 0,
    unit: 'agents',
  };
  const states = [...stateSpans(evidence)];
  if (states.length === 0) return notJudged(subject, 'no agent was seen');
  const without = states.flatMap(([agent, spans]) => {
    const last = spans.at(-1);
    if (last === undefined || last.state === 'connected') return [];
    return [
      `${agent} ${last.state}${last.code === undefined ? '' : ` (${last.code})`} since ${moment(last.fromMs)}`,
    ];
  });
  return within(subject, without.length, {
    held: `${states.length} agents at ${moment(observedUntilMs(evidence))}`,
    broken: some(without),
  });
};
