import type { Evidence, ProcessSample } from '../evidence.ts';
import type { Limits } from '../scenario/scenario.ts';
import { moment, notJudged, some, within } from './invariant.ts';
import type { Invariant } from './invariant.ts';
import { leastLifeMs, leastSamples, longestLives } from './lives.ts';
import { quantile } from './robust.ts';
import type { Finding } from './verdict.ts';

export const descriptorsFlat: Invariant = (evidence, limits) =>
  flat(evidence, limits, 'descriptors', ({ descriptors }) => descriptors);

export const socketsFlat: Invariant = (evidence, limits) =>
  flat(evidence, limits, 'sockets', ({ sockets }) => sockets);

export const timersFlat: Invariant = (evidence, limits) =>
  flat(evidence, limits, 'timers', ({ timers }) => timers);

/**
 * What a process has of something in the last quarter of its longest life, at its usual, against what it needed in the first
 * half at its busiest: neither a moment without a connection nor one with two counts as growth.
 */
function flat(
  { processes }: Evidence,
  limits: Limits,
  what: string,
  valueOf: (sample: ProcessSample) => number | undefined,
): Finding {
  const subject = {
    id: what,
    title: `No process gathers ${what}`,
    limit: limits.descriptorsPerAgent,
    unit: `${what} per agent`,
  };
  const growths = longestLives(processes).flatMap(({ unit, agents, samples }) => {
    // One that is frozen just then does not say.
    const values = samples.map(valueOf).filter((value) => value !== undefined);
    if (values.length < leastSamples || values.length < samples.length / 2) return [];
    const early = quantile(values.slice(0, Math.ceil(values.length / 2)), 0.9);
    const late = quantile(values.slice(-Math.ceil(values.length / 4)), 0.5);
    return [{ unit, early, late, growth: Math.max(0, late - early) / agents }];
  });
  if (growths.length === 0) {
    return notJudged(subject, `no process lived for ${moment(leastLifeMs)} and told of its ${what}`);
  }
  const most = growths.sort((one, other) => other.growth - one.growth);
  const words = most
    .slice(0, 3)
    .map(({ unit, early, late }) => `${unit} from ${Math.round(early)} to ${Math.round(late)}`);
  const detail = `${growths.length} processes; most: ${some(words)}`;
  return within(subject, most[0]?.growth ?? 0, { held: detail, broken: detail });
}
