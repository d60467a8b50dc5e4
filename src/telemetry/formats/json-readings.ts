import { isJsonObject, parseJson } from '../../lib/json.ts';
import type { JsonObject } from '../../lib/json.ts';
import { JsonReading } from '../reading.ts';
import type { Reading } from '../reading.ts';
import { unreadable } from './unreadable.ts';

/**
 * An object of values, a list of such objects or a bare number; or several of them, one a line. An empty list says that
 * there is nothing to tell.
 * @param valueName what a bare number is called
 */
export function jsonReadings(text: string, valueName: string): Reading[] {
  return documents(text).flatMap((document) => {
    const readings = Array.isArray(document) ? (document as unknown[]) : [document];
    try {
      return readings.map((value) => readingOf(typeof value === 'number' ? { [valueName]: value } : value));
    } catch (cause) {
      throw unreadable(text, 'an object of values, a list of such objects or a number', cause);
    }
  });
}

/**
 * The reading that a parsed JSON object is: names and values. If it has a `time`, ISO 8601 with a zone or milliseconds
 * since 1970, that is when it was measured; it stays a value as well, and a `time` of any other form is only a value.
 * Throws when it is no object of values, is empty, is nested deeper than 10 levels, or has an empty name or a number that
 * is not finite (1e999).
 * @param json the text that the object was parsed from, without white space around it
 */
export function readingOf(value: unknown, json?: string): Reading {
  if (!isJsonObject(value))
    throw new Error(
      `cannot use ${kind(value)} as a reading: expected an object such as {"temperature":21.4}`,
    );
  if (Object.keys(value).length === 0) throw new Error('cannot use a reading without values');
  checkValues(value, undefined);
  const timeMs = timeOf(value['time']);
  const reading = timeMs === undefined ? { values: value } : { values: value, timeMs };
  return json === undefined ? reading : new JsonReading(json, reading);
}

/** Strings without anything escaped; a name has a character at least, and is not `time`. */
const text = String.raw`"[^"\\\x00-\x1f]*"`;
const name = String.raw`"(?!time")[^"\\\x00-\x1f]+"`;
/** Of so few digits that it is finite. */
const number = String.raw`-?(?:0|[1-9]\d{0,15})(?:\.\d{1,20})?`;
const member = `${name}: ?(?:${number}|${text}|true|false|null)`;
const plainObject = new RegExp(`^\\{${member}(?:, ?${member})*\\}$`);
/** What a regular expression has to go back through is bounded. */
const longestPlain = 4096;

/**
 * The reading that a line is, if it can be told without parsing it, which takes a third of the time and leaves nothing
 * behind: an object of texts and numbers, as most lines are. `undefined` says only that it must be looked at.
 */
export function plainReading(line: string): Reading | undefined {
  const isPlain = line.length <= longestPlain && plainObject.test(line);
  return isPlain ? new JsonReading(line) : undefined;
}

const deepest = 10;
/** March 1973. Anything below is a duration, or seconds: a present time in seconds has ten digits. */
const earliestMs = 100_000_000_000;
/** The last moment that a Date can hold. */
const latestMs = 8_640_000_000_000_000;
const isoTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[-+]\d\d:?\d\d)$/;

function documents(text: string): unknown[] {
  const whole = parseJson(text);
  if (whole !== undefined) return [whole];
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  if (lines.length === 0) throw unreadable(text, 'JSON');
  return lines.map((line) => {
    const document = parseJson(line);
    if (document === undefined) throw unreadable(lines.length > 1 ? line : text, 'JSON');
    return document;
  });
}

/** Where a value stands; put into words only where something is wrong. */
interface Path {
  readonly above: Path | undefined;
  readonly name: string;
  readonly depth: number;
}

function checkValues(value: unknown, path: Path | undefined): void {
  if (typeof value === 'number' && !Number.isFinite(value))
    throw new Error(`cannot use ${named(path)}: expected a finite number`);
  if (typeof value !== 'object' || value === null) return;
  const depth = (path?.depth ?? 0) + 1;
  if (depth > deepest)
    throw new Error(`cannot use ${named(path)}: expected at most ${deepest} levels of nesting`);
  for (const name of Object.keys(value)) {
    const inner = (value as JsonObject)[name];
    if (name === '')
      throw new Error(`cannot use ${named({ above: path, name, depth })}: expected a name that is not empty`);
    if (!isSound(inner)) checkValues(inner, { above: path, name, depth });
  }
}

/** What need not be looked into. */
function isSound(value: unknown): boolean {
  return typeof value === 'number' ? Number.isFinite(value) : typeof value !== 'object';
}

function timeOf(time: unknown): number | undefined {
  if (typeof time === 'number')
    return Number.isInteger(time) && time >= earliestMs && time <= latestMs ? time : undefined;
  if (typeof time !== 'string' || !isoTime.test(time)) return undefined;
  const ms = Date.parse(time);
  return Number.isNaN(ms) ? undefined : ms;
}

/** The path, short enough for a log whatever its names are. */
function named(path: Path | undefined): string {
  const names: string[] = [];
  for (let at = path; at !== undefined; at = at.above) names.unshift(at.name);
  return JSON.stringify(names.join('.').slice(0, 100));
}

function kind(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'string' ? 'text' : `a ${typeof value}`;
}
