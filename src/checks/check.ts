import { CloudError } from '../cloud-error.ts';
import type { FailureCode } from '../cloud-error.ts';
import { describeError } from '../lib/errors.ts';
import type { Scene } from './scene.ts';

/** What a check has found. */
export interface Finding {
  readonly status: 'ok' | 'warning' | 'error' | 'skipped';
  /** What was seen, or why it was not looked at: a sentence without its full stop, never a secret. */
  readonly seen: string;
  /** What to do about it, in words. */
  readonly remedy?: string;
  /** What to type. */
  readonly command?: string;
  /** The failure's code, as in the log and in docs/errors.md. */
  readonly code?: FailureCode;
  /** How long each hop of a connection took, in milliseconds. */
  readonly hops?: Readonly<Record<string, number>>;
  /** Of one that was skipped: what builds on it cannot be looked at either. */
  readonly blocks?: boolean;
}

/** One thing that can be wrong. */
export interface Check {
  /** Stable: stands in scripts and in docs/checks.md. */
  readonly id: string;
  /** What it looks at, for people. */
  readonly looksAt: string;
  /** What to type where it finds something wrong and what was found has no command of its own. */
  readonly command: string;
  /** Whether it goes beyond this machine. */
  readonly isOnline?: true;
  /** Checks without whose success this one says nothing: it is skipped then. */
  readonly needs?: readonly string[];
  /** Checks that must be over before this one, however they ended. */
  readonly after?: readonly string[];
  /** In milliseconds; `defaultDeadlineMs` without it. */
  readonly deadlineMs?: number;
  /** May reject with anything: that is an error, of the code and with the remedy of a CloudError if it is one. */
  readonly run: (scene: Scene, signal: AbortSignal) => Promise<Finding> | Finding;
}

export const defaultDeadlineMs = 15_000;

/** What to do, beside what was seen. */
export type Advice = Omit<Finding, 'status' | 'seen'>;

export function ok(seen: string, more: Advice = {}): Finding {
  return { status: 'ok', seen, ...more };
}

export function warning(seen: string, advice: Advice): Finding {
  return { status: 'warning', seen, ...advice };
}

export function error(seen: string, advice: Advice): Finding {
  return { status: 'error', seen, ...advice };
}

/** There is nothing here to look at. */
export function skipped(why: string, more: Advice = {}): Finding {
  return { status: 'skipped', seen: why, ...more };
}

/** It could not be looked at, nor can what builds on it. */
export function unknown(why: string, more: Advice = {}): Finding {
  return { ...skipped(why, more), blocks: true };
}

/** What an error means to a check. */
export function failed(thrown: unknown, advice: Advice = {}): Finding {
  const seen = describeError(thrown);
  if (!(thrown instanceof CloudError)) return error(seen, advice);
  const { code, remedy } = thrown;
  return error(seen, { code, remedy, ...advice });
}
