import type { Evidence, SessionRecord } from '../evidence.ts';
import { grouped } from './grouped.ts';
import { moment, notJudged, some, within } from './invariant.ts';
import type { Invariant } from './invariant.ts';
import { faultSpans, isWithin } from './spans.ts';
import type { Span } from './spans.ts';

const hourMs = 3_600_000;
/** A fault is written down when it is in force; what it did may be seen just before. */
const leadMs = 2_000;

/** Sessions begun without need: neither an agent's first one, nor after one that a fault ended. */
export const reconnects: Invariant = (evidence, limits) => {
  const subject = {
    id: 'reconnects',
    title: 'Agents keep their connection when nothing is wrong',
    limit: limits.reconnectsPerAgentHour,
    unit: 'sessions per agent and hour',
  };
  const { agents, durationMs } = evidence.run;
  if (evidence.sessions.length === 0) return notJudged(subject, 'no session was seen');
  const needless = needlessSessions(evidence, limits.recovery.maxMs);
  // In less than an hour of all agents together, one would already be too many.
  const agentHours = Math.max(1, (agents * durationMs) / hourMs);
  const words = needless.map(
    ({ agent, startMs, before }) =>
      `${agent} at ${moment(startMs)}, after "${before.reason ?? 'no reason known'}"`,
  );
  return within(subject, needless.length / agentHours, {
    held: `${evidence.sessions.length} sessions, of which ${needless.length} without need`,
    broken: `${needless.length} sessions without need: ${some(words)}`,
  });
};

interface Needless extends SessionRecord {
  readonly before: SessionRecord;
}

/** @param graceMs after a fault's end, in which what it did may still end a session */
function needlessSessions(evidence: Evidence, graceMs: number): Needless[] {
  const excuses = faultSpans(evidence, graceMs);
  const byAgent = grouped(evidence.sessions, ({ agent }) => agent);
  return [...byAgent].flatMap(([agent, sessions]) => {
    const spans = (excuses.get(agent) ?? []).map(({ fromMs, toMs }) => ({ fromMs: fromMs - leadMs, toMs }));
    const inOrder = [...sessions].sort((one, other) => one.startMs - other.startMs);
    return inOrder.flatMap((session, index) => {
      const before = inOrder[index - 1];
      return before === undefined || isExcused(session, before, spans) ? [] : [{ ...session, before }];
    });
  });
}

function isExcused(session: SessionRecord, before: SessionRecord, spans: readonly Span[]): boolean {
  return isWithin(session.startMs, spans) || isWithin(before.endMs ?? session.startMs, spans);
}
