import { describeOffset, describeSpan } from '../lib/span.ts';
import type { WrittenFile } from './newest-file.ts';
import type { SyncReport } from './sync-probe.ts';

/** What is known of this machine's clock. `unknown` is taken as right: nobody says that it is wrong. */
export interface ClockCondition {
  /** `waiting` is `suspect` at the start of the agent, while a synchronisation may still come. */
  readonly state: 'good' | 'waiting' | 'suspect' | 'unknown';
  /** When this state began, on the monotonic clock, in milliseconds. */
  readonly sinceMs: number;
  /** A sentence's end, such as `it is not synchronised, by the kernel`. */
  readonly reason: string;
  /** What must be added to the clock to make it right, in milliseconds, if it could be measured. */
  readonly offsetMs?: number | undefined;
}

export function isSuspect(state: ClockCondition['state']): boolean {
  return state === 'suspect' || state === 'waiting';
}

/** All there is to judge a clock by. */
export interface Evidence {
  readonly now: Date;
  readonly sync: SyncReport;
  /** When the program was built: no clock is right that says it is earlier. */
  readonly builtAt?: Date | undefined;
  /** Written before the agent was started; by a clock that may have been ahead. */
  readonly newest?: WrittenFile | undefined;
  /** By the date of a server whose certificate was verified. */
  readonly offsetMs?: number | undefined;
}

export interface Verdict {
  readonly state: 'good' | 'suspect' | 'unknown';
  readonly reason: string;
}

/** A clock this near to the server's is right for tokens and certificates (IoT Hub bears about 5 minutes, protocol.md 1.3). */
export const toleratedOffsetMs = 60_000;

/** The first that has something to say is believed: what is certain, then what is measured, then what is told. */
export function judge(evidence: Evidence): Verdict {
  return (
    beforeBuild(evidence) ??
    wrongByMeasure(evidence) ??
    synchronised(evidence) ??
    rightByMeasure(evidence) ??
    beforeNewest(evidence) ??
    untold(evidence)
  );
}

function beforeBuild({ now, builtAt }: Evidence): Verdict | undefined {
  if (builtAt === undefined || now >= builtAt) return undefined;
  return suspect(`it says ${now.toISOString()}, and this program was built on ${builtAt.toISOString()}`);
}

function wrongByMeasure({ offsetMs }: Evidence): Verdict | undefined {
  if (offsetMs === undefined || Math.abs(offsetMs) <= toleratedOffsetMs) return undefined;
  return suspect(`it is ${describeOffset(offsetMs)} by the date that DPS’s host gives`);
}

function synchronised({ sync }: Evidence): Verdict | undefined {
  return sync.answer === 'synchronised' ? good(`it is synchronised, ${sync.source}`) : undefined;
}

function rightByMeasure({ offsetMs }: Evidence): Verdict | undefined {
  if (offsetMs === undefined) return undefined;
  return good(`it agrees with the date that DPS’s host gives to ${describeSpan(offsetMs)}`);
}

function beforeNewest({ now, newest }: Evidence): Verdict | undefined {
  if (newest === undefined || now >= newest.writtenAt) return undefined;
  return suspect(
    `it says ${now.toISOString()}, and ${newest.path} was written on ${newest.writtenAt.toISOString()}`,
  );
}

function untold({ sync }: Evidence): Verdict {
  if (sync.answer === 'unsynchronised') return suspect(`it is not synchronised, ${sync.source}`);
  return { state: 'unknown', reason: `nobody can say whether it is synchronised: ${sync.source}` };
}

function suspect(reason: string): Verdict {
  return { state: 'suspect', reason };
}

function good(reason: string): Verdict {
  return { state: 'good', reason };
}
