import { parseDuration } from '../config/duration.ts';
import { SystemClock } from '../lib/clock.ts';
import type { Clock } from '../lib/clock.ts';
import { UsageError } from './usage.ts';

/** How long ago, such as `1h`, or a time, of this machine's zone where it names none; in milliseconds since 1970. */
export function momentMs(
  option: string,
  text: string | undefined,
  clock: Pick<Clock, 'now'> = new SystemClock(),
): number | undefined {
  if (text === undefined) return undefined;
  const ago = parseDuration(text);
  if ('value' in ago && !/^\d+(\.\d+)?$/.test(text)) return clock.now().getTime() - ago.value;
  const atMs = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : NaN;
  if (!Number.isNaN(atMs)) return atMs;
  throw new UsageError(
    `cannot use ${option} ${text}: write how long ago, such as 90s or 1h, or a time such as 2026-11-22T09:30`,
  );
}
