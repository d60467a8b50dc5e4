import type { Evidence } from '../evidence.ts';
import { moment, notJudged, some, within } from './invariant.ts';
import type { Invariant } from './invariant.ts';
import { noticeMs } from './recovery.ts';
import { observedUntilMs, stateSpans } from './spans.ts';

/**
 * The calm at the end lasts until everybody is connected, and no fault has been in force since it began. An agent's own word
 * is not enough: the hub must have a session of it, too.
 */
export const allConnected: Invariant = (evidence) => {
  const subject = {
    id: 'all-connected',
    title: 'When it is over, every agent is connected',
    limit: 0,
    unit: 'agents',
  };
  const states = [...stateSpans(evidence)];
  if (states.length === 0) return notJudged(subject, 'no agent was seen');
  const atHub = sessionsAtEnd(evidence);
  const without = states.flatMap(([agent, spans]) => {
    const last = spans.at(-1);
    if (last === undefined) return [];
    if (last.state === 'connected')
      return atHub(agent) ? [] : [`${agent} says that it is, and its hub does not know of it`];
    return [
      `${agent} ${last.state}${last.code === undefined ? '' : ` (${last.code})`} since ${moment(last.fromMs)}`,
    ];
  });
  return within(subject, without.length, {
    held: `${states.length} agents at ${moment(observedUntilMs(evidence))}`,
    broken: some(without),
  });
};

/** Whether an agent had a session when it was over, or so little before that it cannot know; of Azure's hubs nobody knows. */
function sessionsAtEnd(evidence: Evidence): (agent: string) => boolean {
  if (evidence.run.target === 'azure') return () => true;
  const fromMs = observedUntilMs(evidence) - noticeMs;
  const open = evidence.sessions.filter(({ endMs = Infinity }) => endMs >= fromMs);
  const agents = new Set(open.map(({ agent }) => agent));
  return (agent) => agents.has(agent);
}
