import type { Evidence } from '../evidence.ts';
import { moment, notJudged, some, within } from './invariant.ts';
import type { Invariant } from './invariant.ts';
import { faultSpans, isWithin, joined, observedUntilMs, offlineSpans, stateSpans, without } from './spans.ts';
import type { Span } from './spans.ts';

/** A desired property is acknowledged soon, counted while its agent is connected and no fault strikes it. */
export const twinConvergence: Invariant = (evidence, limits) => {
  const subject = {
    id: 'twin-convergence',
    title: 'Desired properties are acknowledged soon by agents that are connected',
    limit: limits.twinMs,
    unit: 'ms',
  };
  const excusesOf = allExcuses(evidence);
  const lastMs = observedUntilMs(evidence);
  const seen = evidence.twins.flatMap(({ agent, version, atMs, acknowledgedMs }) => {
    const endMs = acknowledgedMs ?? lastMs;
    const excuses = excusesOf.get(agent) ?? [];
    // Acknowledged while something was wrong, or still without a connection at the end.
    if (isWithin(endMs, excuses)) return [];
    const free = without({ fromMs: atMs, toMs: endMs }, excuses).map(({ fromMs, toMs }) => toMs - fromMs);
    // One that was acknowledged may have been asked for anew by the last session; one that never was had all of them.
    const tookMs = acknowledgedMs === undefined ? sum(free) : (free.at(-1) ?? 0);
    // Not acknowledged when the run ended: only what has waited too long by then tells something.
    if (acknowledgedMs === undefined && tookMs <= limits.twinMs) return [];
    return [{ agent, version, atMs, tookMs, isOpen: acknowledgedMs === undefined }];
  });
  if (seen.length === 0)
    return notJudged(subject, 'no desired property was changed while its agent was connected');
  const slowest = seen.sort((one, other) => other.tookMs - one.tookMs);
  const words = slowest
    .slice(0, 3)
    .map(
      ({ agent, version, atMs, tookMs, isOpen }) =>
        `${agent} version ${version} of ${moment(atMs)}: ${isOpen ? 'never, for' : 'after'} ${moment(tookMs)}`,
    );
  const detail = `${seen.length} changes; slowest: ${some(words)}`;
  return within(subject, slowest[0]?.tookMs ?? 0, { held: detail, broken: detail });
};

/** When each agent had no connection, or a fault was in force for it. */
function allExcuses(evidence: Evidence): Map<string, Span[]> {
  const faults = faultSpans(evidence);
  return new Map(
    [...stateSpans(evidence)].map(([agent, spans]) => [
      agent,
      joined([...offlineSpans(spans), ...(faults.get(agent) ?? [])]),
    ]),
  );
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
