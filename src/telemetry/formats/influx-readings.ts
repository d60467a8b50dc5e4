import type { Reading } from '../reading.ts';
import { decimalOf } from './decimal.ts';
import { namedValues } from './named-values.ts';
import { unreadable } from './unreadable.ts';

/**
 * InfluxDB line protocol, a reading a line: `measurement,tag=text field=1.5,other=2i,note="text" 1790000000000000000`.
 * Fields and tags are values under their own names, the measurement is the text value `measurement`; the timestamp, in
 * nanoseconds, is the reading's time. Empty lines and those that begin with `#` are nothing.
 */
export function influxReadings(text: string): Reading[] {
  const lines = text.split('\n').map((line) => line.trim());
  const readings = lines.filter((line) => line !== '' && !line.startsWith('#')).map(readLine);
  if (readings.length === 0) throw unreadable(text, form);
  return readings;
}

const form = 'line protocol: measurement,tag=text field=value timestamp';
const name = String.raw`(?:\\.|[^\\,= ])+`;
const fieldValue = String.raw`(?:"(?:\\.|[^"\\])*"|[^", ]+)`;
const field = `${name}=${fieldValue}`;
/** Measurement, tags, fields, timestamp. In a measurement `=` need not be escaped, but then it could be key=value. */
const whole = new RegExp(`^(${name})((?:,${name}=${name})*) +(${field}(?:,${field})*)(?: +(-?\\d+))?$`);
const eachTag = new RegExp(`,(${name})=(${name})`, 'g');
const eachField = new RegExp(`(${name})=(${fieldValue})`, 'g');

function readLine(line: string): Reading {
  const [matched, measurement = '', tags = '', fields = '', timestamp] = whole.exec(line) ?? [];
  if (matched === undefined) throw unreadable(line, form);
  const values = namedOnce(line, [
    ['measurement', unescaped(measurement)],
    ...Array.from(tags.matchAll(eachTag), ([, tag = '', text = '']): [string, unknown] => [
      unescaped(tag),
      unescaped(text),
    ]),
    ...Array.from(fields.matchAll(eachField), ([, key = '', value = '']): [string, unknown] => [
      unescaped(key),
      valueOf(line, value),
    ]),
  ]);
  return timestamp === undefined ? { values } : { values, timeMs: milliseconds(timestamp) };
}

function namedOnce(line: string, pairs: [string, unknown][]): Reading['values'] {
  try {
    return namedValues(pairs);
  } catch (cause) {
    throw unreadable(line, 'each name once', cause);
  }
}

/** A whole number above 2^53 is rounded, as it would be by whoever reads the message. */
function valueOf(line: string, value: string): unknown {
  if (value.startsWith('"')) return value.slice(1, -1).replaceAll(/\\(["\\])/g, '$1');
  if (/^(?:t|T|true|True|TRUE)$/.test(value)) return true;
  if (/^(?:f|F|false|False|FALSE)$/.test(value)) return false;
  const number = /^[-+]?\d+i$|^\d+u$/.test(value) ? Number(value.slice(0, -1)) : decimalOf(value);
  if (number === undefined)
    throw unreadable(line, 'fields that are numbers, integers (1i), truths or "text"');
  return number;
}

/** Nanoseconds have too many digits for a number. */
function milliseconds(nanoseconds: string): number {
  return Number(BigInt(nanoseconds) / 1_000_000n);
}

function unescaped(text: string): string {
  return text.replaceAll(/\\([,= \\])/g, '$1');
}
