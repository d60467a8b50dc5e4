import type { Reading } from '../reading.ts';
import { influxReadings } from './influx-readings.ts';
import { jsonReadings } from './json-readings.ts';
import { keyValueReading } from './key-value-reading.ts';
import { numberReading } from './number-reading.ts';
import { unreadable } from './unreadable.ts';

/** How a program writes what it measured. `auto` goes by the look of it. */
export type ReadingFormat = 'auto' | Form;

type Form = 'json' | 'number' | 'influx' | 'key_value';

/**
 * What a text says was measured. Throws when it cannot be read, saying what was expected and how the text begins.
 * @param valueName what a bare number is called
 */
export function parseReadings(text: string, format: ReadingFormat, valueName: string): Reading[] {
  switch (format === 'auto' ? formOf(text) : format) {
    case 'json':
      return jsonReadings(text, valueName);
    case 'number':
      return [numberReading(text, valueName)];
    case 'influx':
      return influxReadings(text);
    case 'key_value':
      return [keyValueReading(text)];
  }
}

/**
 * No text has two forms: JSON begins with a bracket, a number has no `=`, and what comes before the first `=` is a name
 * in key=value, whereas in line protocol the measurement ends before it, at a comma or a space.
 */
function formOf(text: string): Form {
  const trimmed = text.trim();
  if (/^[[{]/.test(trimmed)) return 'json';
  if (/^[-+.\d][^=]*$/.test(trimmed)) return 'number';
  if (/^#|^(?:\\.|[^\\=, \n])+[, ][^\n]*=/.test(trimmed)) return 'influx';
  if (/^[^=\s,]+=/.test(trimmed)) return 'key_value';
  throw unreadable(text, 'JSON, a number, Influx line protocol or key=value');
}
