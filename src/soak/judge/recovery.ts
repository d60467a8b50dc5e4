import type { Evidence } from '../evidence.ts';
import type { Limits } from '../scenario/scenario.ts';
import { moment, notJudged, some, within } from './invariant.ts';
import type { Invariant } from './invariant.ts';
import { quantile } from './robust.ts';
import { faultsMade, faultSpans, observedUntilMs, offlineSpans, stateSpans } from './spans.ts';
import type { Finding } from './verdict.ts';

export const recoveryMedian: Invariant = (evidence, limits) =>
  recovery(evidence, limits, { id: 'recovery-p50', share: 0.5, limit: limits.recovery.p50Ms, name: 'half' });

export const recoverySlow: Invariant = (evidence, limits) =>
  recovery(evidence, limits, {
    id: 'recovery-p99',
    share: 0.99,
    limit: limits.recovery.p99Ms,
    name: '99 of 100',
  });

export const recoveryLongest: Invariant = (evidence, limits) =>
  recovery(evidence, limits, { id: 'recovery-max', share: 1, limit: limits.recovery.maxMs, name: 'all' });

/** One agent without a connection when a fault, or several that overlapped, ended, and how long it took from there. */
export interface Recovery {
  readonly agent: string;
  /** The last fault's end. */
  readonly fromMs: number;
  readonly tookMs: number;
  /** The fault that ended last. */
  readonly kind: string;
}

/** What is over at once, such as a connection that is cut, is noticed when it is over already. */
export const noticeMs = 2000;

/**
 * From the end of each fault until an agent that it left without a connection has one. What the next fault, or the end of
 * the run, cut short counts only if it took too long already.
 */
export function recoveries(evidence: Evidence, limits: Limits): Recovery[] {
  const states = stateSpans(evidence);
  const struck = faultSpans(evidence);
  const faults = faultsMade(evidence);
  const endMs = observedUntilMs(evidence);
  return [...struck].flatMap(([agent, spans]) => {
    const offline = offlineSpans(states.get(agent) ?? []);
    return spans.flatMap(({ toMs: fromMs }): Recovery[] => {
      const nextMs = spans.find((each) => each.fromMs > fromMs)?.fromMs ?? Infinity;
      const latestMs = Math.min(nextMs, fromMs + noticeMs);
      const span = offline.find((each) => each.fromMs <= latestMs && each.toMs > fromMs);
      if (span === undefined) return [];
      const tookMs = Math.min(span.toMs, nextMs) - fromMs;
      const isCut = span.toMs >= Math.min(endMs, nextMs);
      if (isCut && tookMs <= limits.recovery.maxMs) return [];
      const last = faults.find((each) => each.endMs === fromMs && each.agents.includes(agent));
      return [{ agent, fromMs, tookMs, kind: last?.kind ?? 'fault' }];
    });
  });
}

interface Quantile {
  readonly id: string;
  readonly share: number;
  readonly limit: number;
  readonly name: string;
}

function recovery(evidence: Evidence, limits: Limits, { id, share, limit, name }: Quantile): Finding {
  const subject = {
    id,
    title: `After a fault ${name} of the agents it left without a connection have one again in time`,
    limit,
    unit: 'ms',
  };
  const seen = recoveries(evidence, limits);
  if (seen.length === 0) return notJudged(subject, 'no fault left an agent without a connection');
  const slowest = [...seen].sort((one, other) => other.tookMs - one.tookMs);
  const words = slowest.map(
    ({ agent, tookMs, kind, fromMs }) =>
      `${agent} ${moment(tookMs)} after ${kind} that ended at ${moment(fromMs)}`,
  );
  const value = quantile(
    seen.map(({ tookMs }) => tookMs),
    share,
  );
  const detail = `of ${seen.length} recoveries; slowest: ${some(words, 3)}`;
  return within(subject, value, { held: detail, broken: detail });
}
