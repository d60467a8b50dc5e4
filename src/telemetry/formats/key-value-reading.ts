import type { JsonObject } from '../../lib/json.ts';
import type { Reading } from '../reading.ts';
import { decimalOf } from './decimal.ts';
import { namedValues } from './named-values.ts';
import { unreadable } from './unreadable.ts';

/**
 * `temp=21.4 state=ok note="all is well"`: pairs between commas, spaces or line ends, all of them one reading. Numbers
 * are numbers, true and false are truths, everything else is text; what is in quotes is always text.
 */
export function keyValueReading(text: string): Reading {
  const pairs: [string, unknown][] = [];
  let rest = text.replace(separators, '');
  while (rest !== '') {
    const [whole, name = '', quoted, bare = ''] = pair.exec(rest) ?? [];
    if (whole === undefined) throw unreadable(rest, 'name=value, with "quotes" around text that has spaces');
    pairs.push([name, quoted === undefined ? bareValue(name, bare) : unquoted(quoted)]);
    rest = rest.slice(whole.length);
  }
  return { values: checkedValues(text, pairs) };
}

const separators = /^[\s,]+/;
const pair = /^([^\s,="]+)=(?:"((?:\\.|[^"\\])*)"|([^\s,"]+))(?:[\s,]+|$)/s;

function checkedValues(text: string, pairs: readonly [string, unknown][]): JsonObject {
  if (pairs.length === 0) throw unreadable(text, 'name=value');
  try {
    return namedValues(pairs);
  } catch (cause) {
    throw unreadable(text, 'each name once', cause);
  }
}

function bareValue(name: string, word: string): unknown {
  if (word === 'true' || word === 'false') return word === 'true';
  if (/^[-+]?(?:nan|inf|infinity)$/i.test(word)) throw unreadable(`${name}=${word}`, 'a finite number');
  return decimalOf(word) ?? word;
}

function unquoted(text: string): string {
  return text.replaceAll(/\\(["\\])/g, '$1');
}
