import { notJudged, some, unheard, within } from './invariant.ts';
import type { Invariant } from './invariant.ts';

/** What was answered 202 arrives, or the agent tells the cloud that it had to drop it (docs/queue.md). */
export const deliveredOrCounted: Invariant = ({ ledger, run }) => {
  const subject = {
    id: 'delivered-or-counted',
    title: 'Every message that was accepted is delivered, or told as dropped',
    limit: 0,
    unit: 'messages',
  };
  if (run.target === 'azure') return notJudged(subject, unheard);
  const entries = Object.entries(ledger);
  const promised = sum(entries.map(([, entry]) => entry.promised));
  if (promised === 0) return notJudged(subject, 'nothing was accepted');
  const lost = entries
    .map(([agent, { missing, toldDropped, firstMissing }]) => ({
      agent,
      messages: Math.max(0, missing - toldDropped),
      firstMissing,
    }))
    .filter(({ messages }) => messages > 0)
    .sort((one, other) => other.messages - one.messages);
  const told = sum(entries.map(([, entry]) => entry.toldDropped));
  const missing = sum(entries.map(([, entry]) => entry.missing));
  return within(subject, sum(lost.map(({ messages }) => messages)), {
    held: `${promised} accepted, ${missing} missing, ${told} told as dropped`,
    broken: `missing and not told: ${some(
      lost.map(
        ({ agent, messages, firstMissing }) =>
          `${agent} ${messages} (numbers ${firstMissing.slice(0, 5).join(' ')})`,
      ),
    )}; ${promised} were accepted, ${told} told as dropped`,
  });
};

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
