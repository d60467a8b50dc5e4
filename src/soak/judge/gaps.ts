import type { Evidence } from '../evidence.ts';
import { notJudged, some, within } from './invariant.ts';
import type { Invariant } from './invariant.ts';

/** After these a queue may have given numbers to what it never promised, and goes on further up (docs/queue.md). */
const hardEnds = new Set(['kill', 'down']);

/**
 * What a consumer sees who goes by the sequence numbers alone, with no ledger to compare: a gap is a loss that was told, or
 * the agent's process was killed.
 */
export const gaps: Invariant = (evidence) => {
  const subject = {
    id: 'gaps',
    title: 'Sequence numbers have no gap that is not told, but where a process was killed',
    limit: 0,
    unit: 'messages',
  };
  const killed = killedOf(evidence);
  const agents = Object.entries(evidence.ledger).filter(
    ([agent, { delivered }]) => delivered > 0 && !killed.has(agent),
  );
  if (agents.length === 0) return notJudged(subject, 'nothing came of any agent that was never killed');
  const untold = agents
    .map(([agent, { sequenceGaps = 0, toldDropped }]) => [agent, sequenceGaps - toldDropped] as const)
    .filter(([, count]) => count > 0)
    .sort(([, one], [, other]) => other - one);
  const value = untold.reduce((sum, [, count]) => sum + count, 0);
  return within(subject, value, {
    held: `of ${agents.length} agents that were never killed`,
    broken: `numbers that never came: ${some(untold.map(([agent, count]) => `${agent} ${count}`))}`,
  });
};

/** By a fault, or because it had not ended in time: where each agent has a process of its own, that bears its name. */
function killedOf({ faults, ends }: Evidence): ReadonlySet<string> {
  const struck = faults.filter(({ kind }) => hardEnds.has(kind)).flatMap(({ agents }) => agents);
  const ended = ends.filter(({ signal }) => signal === 'SIGKILL').map(({ unit }) => unit);
  return new Set([...struck, ...ended]);
}
