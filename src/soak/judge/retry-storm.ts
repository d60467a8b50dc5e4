import type { BackoffLimits } from '../../lib/backoff.ts';
import { grouped } from './grouped.ts';
import { moment, some, within } from './invariant.ts';
import type { Invariant } from './invariant.ts';
import { busiestMinute } from './registrations.ts';

const minuteMs = 60_000;
/** As the agent waits unless it is configured otherwise (`connection.retry`). */
const defaultRetry: BackoffLimits = { initialMs: 1000, maximumMs: 60_000 };

/**
 * How often one agent tries in a minute: by CONNECTs that came through to DPS or a hub, or by how often it said that it was
 * connecting or provisioning, where nothing came through.
 */
export const retryStorm: Invariant = ({ attempts, states }, limits) => {
  const limit = limits.attemptsPerAgentMinute ?? attemptsAllowed(defaultRetry);
  const tries = grouped(
    states.filter(({ state }) => state === 'connecting' || state === 'provisioning'),
    ({ agent }) => agent,
  );
  const bySaying = [...tries].map(([agent, changes]) => ({
    agent,
    ...busiestMinute(changes.map(({ atMs }) => atMs)),
  }));
  const byConnect = attempts.map(({ agent, mostInMinute, atMs }) => ({ agent, most: mostInMinute, atMs }));
  const busiest = [...byConnect, ...bySaying].sort((one, other) => other.most - one.most);
  const seen = busiest
    .slice(0, 3)
    .map(({ agent, most, atMs }) => `${agent} ${most} in the minute that ended at ${moment(atMs)}`);
  return within(
    {
      id: 'retry-storm',
      title: 'No agent tries again and again without backing off',
      limit,
      unit: 'attempts/min',
    },
    busiest[0]?.most ?? 0,
    { held: `most: ${some(seen)}`, broken: `most: ${some(seen)}` },
  );
};

/**
 * What a minute of failures comes to on average, by the wait of `fullJitterMs` (lib/backoff.ts), twice, for a day on which
 * the dice fall low, and ten more: DPS's, and those that follow at once upon a refusal with one of two credentials.
 */
export function attemptsAllowed(retry: BackoffLimits): number {
  let attempts = 1;
  for (let [elapsed, failures] = [0, 1]; ; failures += 1) {
    const ceilingMs = Math.min(retry.maximumMs, retry.initialMs * 2 ** failures);
    elapsed += (retry.initialMs + ceilingMs) / 2;
    if (elapsed >= minuteMs) return 2 * attempts + 10;
    attempts += 1;
  }
}
