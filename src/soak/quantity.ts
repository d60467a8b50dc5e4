import { formatDuration } from '../config/duration.ts';

/** A number of the verdict with its unit, as a reader wants it: `6.21 s`, `1.5 MB/h`, `0.67 %`. */
export function quantity(value: number, unit: string): string {
  switch (unit) {
    case 'ms':
      return time(value);
    case 'share':
      return `${digits(value * 100)} %`;
    case 'bytes/h':
      return `${digits(value / megabyte)} MB/h`;
    case 'bytes':
      return `${digits(value / megabyte)} MB`;
    default:
      return `${digits(value)} ${unit}`;
  }
}

/** Without the unit where that is a word, which its limit beside it says. */
export function bareQuantity(value: number, unit: string): string {
  return units.includes(unit) ? quantity(value, unit) : digits(value);
}

/** Three digits are what can be told apart; whole numbers stay whole. */
export function digits(value: number): string {
  if (Number.isInteger(value)) return value.toLocaleString('en');
  const rounded = Number(value.toPrecision(3));
  return Math.abs(rounded) >= 1000 ? Math.round(value).toLocaleString('en') : String(rounded);
}

/** Since the run began, as a clock shows it: `1:05`, `2:03:20`. */
export function clockTime(atMs: number): string {
  const seconds = Math.floor(atMs / 1000);
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const two = (part: number): string => String(part).padStart(2, '0');
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

const megabyte = 1024 * 1024;
/** Those that `quantity` writes in another measure. */
const units: readonly string[] = ['ms', 'share', 'bytes', 'bytes/h'];

function time(ms: number): string {
  if (ms < 1000) return `${digits(ms)} ms`;
  if (ms < 60_000) return `${digits(ms / 1000)} s`;
  return formatDuration(Math.round(ms / 1000) * 1000);
}
