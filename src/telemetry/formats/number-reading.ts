import type { Reading } from '../reading.ts';
import { decimalOf } from './decimal.ts';
import { unreadable } from './unreadable.ts';

/** One bare number, with white space around it at most. */
export function numberReading(text: string, name: string): Reading {
  const number = decimalOf(text.trim());
  if (number === undefined) throw unreadable(text, 'one number and nothing else');
  return { values: { [name]: number } };
}
