import type { Evidence } from '../evidence.ts';
import type { Limits } from '../scenario/scenario.ts';
import type { Finding } from './verdict.ts';

/** Looks at the evidence for one thing that must hold. */
export type Invariant = (evidence: Evidence, limits: Limits) => Finding;

type Subject = Pick<Finding, 'id' | 'title' | 'limit' | 'unit'>;

/** Held if the value is within its limit. `detail` is a sentence for each case, of whoever knows what was seen. */
export function within(subject: Subject, value: number, detail: { held: string; broken: string }): Finding {
  const isHeld = value <= subject.limit;
  return {
    ...subject,
    value,
    outcome: isHeld ? 'held' : 'broken',
    detail: isHeld ? detail.held : detail.broken,
  };
}

export function notJudged(subject: Subject, why: string): Finding {
  return { ...subject, value: 0, outcome: 'not-judged', detail: why };
}

/** Why nothing can be said of what happened in the cloud. */
export const unheard = 'Azure tells the soak neither what arrives nor who asks';

/** A few of many, for people. */
export function some(items: readonly string[], most = 5): string {
  const more = items.length - most;
  return items.slice(0, most).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

/** "at 12.3 s" of the run. */
export function moment(atMs: number): string {
  return `${(atMs / 1000).toFixed(1)} s`;
}
