import type { Parsed } from '../config/found.ts';
import { isJsonObject } from '../lib/json.ts';
import { Refusal } from './answer.ts';
import { quoted } from './query.ts';
import type { PostedMessage } from './telemetry-desk.ts';

/** The largest message IoT Hub takes, in bytes (protocol.md 3.3). */
const largestMessageBytes = 262_144;

/** Throws a `Refusal` for a message that the hub could not take: what else it needs is for the queue to say. */
export function withinHubLimit(message: PostedMessage): PostedMessage {
  const { body, properties } = message;
  let bytes = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
  for (const [name, value] of Object.entries(properties)) bytes += name.length + value.length;
  if (bytes > largestMessageBytes)
    throw new Refusal(413, `it has ${bytes} bytes, and IoT Hub takes at most ${largestMessageBytes}`);
  return message;
}

/** Application properties as IoT Hub takes them (protocol.md 3.3). Throws an error that says what they should be. */
export function propertiesOf(value: unknown): Readonly<Record<string, string>> {
  if (!isJsonObject(value)) throw new Error('cannot use its properties: expected an object of texts');
  for (const [name, text] of Object.entries(value)) refuseProperty(name, text);
  return value as Record<string, string>;
}

function refuseProperty(name: string, value: unknown): void {
  if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,128}$/.test(name) || name.startsWith('$.'))
    throw new Error(`cannot name a property ${quoted(name)}: use letters, digits, - . and _`);
  if (name === 'input' || name === 'sequence')
    throw new Error(`cannot name a property ${name}: every message has one of that name already`);
  if (typeof value !== 'string' || value.length > 1024 || !/^[\x20-\x7e]*$/.test(value))
    throw new Error(`cannot use property ${name}: expected up to 1024 printable ASCII characters`);
}

/** A content type or encoding. Throws an error that says what it should be. */
export function labelOf(name: string, value: unknown): string {
  if (typeof value === 'string' && /^[\x21-\x7e][\x20-\x7e]{0,127}$/.test(value)) return value;
  throw new Error(`cannot use ${name} ${quoted(value)}: expected up to 128 printable ASCII characters`);
}

const longestTtlMs = 365 * 86_400_000;

/** In milliseconds. Throws an error that says what it should be. */
export function ttlOf(value: unknown, parseDuration: (value: unknown) => Parsed<number>): number {
  const parsed = parseDuration(value);
  if ('problem' in parsed) throw new Error(`cannot use ttl: ${parsed.problem}`);
  if (parsed.value < 1000 || parsed.value > longestTtlMs)
    throw new Error(`cannot use ttl ${quoted(value)}: expected a duration from 1s to 365d`);
  return parsed.value;
}

/** March 1973: anything below is meant in seconds. */
const earliestMs = 100_000_000_000;
const latestMs = Date.UTC(9999, 11, 31);
const isoTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[-+]\d\d:?\d\d)$/;

/** In milliseconds since 1970, as the times of readings. Throws an error that says what it should be. */
export function timeOf(value: unknown): number {
  const ms = typeof value === 'string' && isoTime.test(value) ? Date.parse(value) : value;
  if (typeof ms === 'number' && Number.isInteger(ms) && ms >= earliestMs && ms <= latestMs) return ms;
  throw new Error(
    `cannot use time ${quoted(value)}: expected ISO 8601 with a zone, or milliseconds since 1970`,
  );
}
