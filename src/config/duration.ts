import type { Form } from './forms.ts';
import { expected, found, type Parsed } from './found.ts';

/** Reads `10s`, `5m`, `1h30m`, `500ms`, `1d`, or a plain number of seconds; gives whole milliseconds. */
export function parseDuration(input: unknown): Parsed<number> {
  const ms =
    typeof input === 'number' ? secondsToMs(input) : typeof input === 'string' ? textToMs(input) : undefined;
  if (ms !== undefined) return { value: ms };
  return { problem: expected('a duration such as 10s, 5m or a number of seconds', input) + hint(input) };
}

/** The shortest spelling that `parseDuration` reads back: 90000 is `1m30s`. */
export function formatDuration(ms: number): string {
  let left = ms;
  let text = '';
  for (const [unit, unitMs] of units) {
    const count = Math.floor(left / unitMs);
    left -= count * unitMs;
    if (count > 0) text += `${count}${unit}`;
  }
  return text === '' ? '0s' : text;
}

const units = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
  ['ms', 1],
] as const;

const form = /^(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/;

/** For editors. */
export const durationForm: Form = {
  type: ['string', 'number'],
  minimum: 0,
  pattern: `^(\\d+(\\.\\d+)?|(?=\\d)${form.source.slice(1, -1)})$`,
};

function textToMs(text: string): number | undefined {
  if (/^\d+(\.\d+)?$/.test(text)) return secondsToMs(Number(text));
  const counts = form.exec(text)?.slice(1);
  if (counts === undefined || text === '') return undefined;
  return units.reduce((sum, [, unitMs], index) => sum + Number(counts[index] ?? 0) * unitMs, 0);
}

function secondsToMs(seconds: number): number | undefined {
  return Number.isFinite(seconds) ? Math.round(seconds * 1000) : undefined;
}

/** People write "10 sec" and "2 Minutes". */
function hint(input: unknown): string {
  if (typeof input !== 'string') return '';
  const plain = input
    .toLowerCase()
    .replaceAll(/\s/g, '')
    .replaceAll(/(\d)(?:milliseconds?|millis|msecs?)/g, '$1ms')
    .replaceAll(/(\d)(?:seconds?|secs?)/g, '$1s')
    .replaceAll(/(\d)(?:minutes?|mins?)/g, '$1m')
    .replaceAll(/(\d)(?:hours?|hrs?)/g, '$1h')
    .replaceAll(/(\d)days?/g, '$1d');
  return textToMs(plain) === undefined ? '' : `; did you mean ${found(plain)}?`;
}
