import { isAscii, isUtf8 } from 'node:buffer';
import { describeError } from '../lib/errors.ts';
import { isJsonObject, parseJson } from '../lib/json.ts';
import { Refusal } from './answer.ts';

/** Types of what is JSON line by line. */
const lineTypes = [
  'application/x-ndjson',
  'application/ndjson',
  'application/jsonl',
  'application/x-jsonlines',
];

/** Makes of a JSON value what it stands for; gets the text of one that came on a line of its own. */
type Read<T> = (value: unknown, json?: string) => T;

export const jsonTypes: readonly string[] = ['application/json', ...lineTypes];

/**
 * Reads each item of a body: the elements of a JSON array, a JSON object, or the lines of NDJSON, which is told by its
 * type or by its first line. Throws a `Refusal` that says which item cannot be read and why; blank lines do not count.
 * @param type of the content, in lower case and without parameters
 * @param read makes of one what it stands for; throws an error that says what is wrong with it
 */
export function readItems<T>(body: Buffer, type: string, read: Read<T>): T[] {
  const text = textOf(body);
  if (lineTypes.includes(type) || isLines(text)) return readLines(text, read);
  const document = parsedWhole(text, type);
  if (!Array.isArray(document)) return [readAt({}, document, read)];
  return (document as unknown[]).map((value, index) => readAt({ index }, value, read));
}

function textOf(body: Buffer): string {
  if (!isUtf8(body)) throw refused('cannot read the body: it is not UTF-8');
  // Of most bodies that is the same, and several times as fast.
  const text = body.toString(isAscii(body) ? 'latin1' : 'utf8');
  const withoutMark = text.startsWith('\uFEFF') ? text.slice(1) : text;
  if (withoutMark.trim() === '') throw refused('cannot read the body: it is empty, and should be JSON');
  return withoutMark;
}

/** Whether more follows a first line that is an object; a broken first line is told by the last one. */
function isLines(text: string): boolean {
  const lines = text.trim();
  const firstEnd = lines.indexOf('\n');
  if (firstEnd < 0 || !lines.startsWith('{')) return false;
  const isObject = (line: string): boolean => isJsonObject(parseJson(line));
  return isObject(lines.slice(0, firstEnd)) || isObject(lines.slice(lines.lastIndexOf('\n') + 1));
}

function readLines<T>(text: string, read: Read<T>): T[] {
  const items: T[] = [];
  let line = 0;
  for (let start = 0; start < text.length;) {
    line += 1;
    const newline = text.indexOf('\n', start);
    const end = newline < 0 ? text.length : newline;
    const content = text.slice(start, end);
    start = end + 1;
    if (content.length > 1 || content.trim() !== '') {
      const value = parsedLine(content, line);
      if (value !== undefined) items.push(readAt({ line }, value, read, content));
    }
  }
  return items;
}

/** `undefined` for a blank line. */
function parsedLine(content: string, line: number): unknown {
  try {
    return JSON.parse(content);
  } catch (error) {
    if (content.trim() === '') return undefined;
    throw refused(`cannot read line ${line} as JSON: ${describeError(error)}`, { line });
  }
}

function parsedWhole(text: string, type: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const hint = type === '' ? '; for a body that is no JSON give its Content-Type' : '';
    throw refused(`cannot read the body as JSON: ${describeError(error)}${hint}`);
  }
}

interface Place {
  /** From 1. */
  readonly line?: number;
  /** From 0. */
  readonly index?: number;
}

function readAt<T>(place: Place, value: unknown, read: Read<T>, json?: string): T {
  try {
    return json?.startsWith('{') === true && json.endsWith('}') ? read(value, json) : read(value);
  } catch (error) {
    const status = error instanceof Refusal ? error.status : 400;
    const { line, index } = place;
    const where = line !== undefined ? ` line ${line}` : index !== undefined ? ` element ${index}` : '';
    throw refused(`cannot take${where === '' ? ' the body' : where}: ${describeError(error)}`, place, status);
  }
}

/** A post is taken as a whole or not at all. */
function refused(message: string, place: Place = {}, status = 400): Refusal {
  return new Refusal(status, `${message}; nothing of this post is kept`, {
    details: { ...place, accepted: 0 },
  });
}
