import { parseDuration } from './duration.ts';
import type { Share } from './est-schema.ts';
import { expected, type Parsed } from './found.ts';

/** Reads a share of a certificate's lifetime, such as `80%`, or a duration from 1s on. */
export function parseShare(input: unknown): Parsed<Share> {
  const what = 'a share of the lifetime such as 80%, or a duration such as 30d';
  if (typeof input !== 'string') return { problem: expected(what, input) };
  const digits = /^(\d{1,3}(?:\.\d+)?)\s*%$/.exec(input)?.[1];
  if (digits !== undefined) {
    const percent = Number(digits);
    return percent > 0 && percent < 100
      ? { value: { percent } }
      : { problem: expected('a share of more than 0% and less than 100%', input) };
  }
  const duration = parseDuration(input);
  if ('problem' in duration) return { problem: expected(what, input) };
  return duration.value >= 1000
    ? { value: { ms: duration.value } }
    : { problem: expected('a duration of at least 1s', input) };
}
