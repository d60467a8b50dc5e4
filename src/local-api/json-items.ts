import { describeError } from '../lib/errors.ts';
import { isJsonObject, parseJson } from '../lib/json.ts';
import { Refusal } from './answer.ts';
import type { PostedBody } from './posted-body.ts';

/** Types of what is JSON line by line. */
const lineTypes = [
  'application/x-ndjson',
  'application/ndjson',
  'application/jsonl',
  'application/x-jsonlines',
];

/** Makes of JSON what it stands for. */
export interface Read<T> {
  /** Gets the text of one that came on a line of its own. Throws an error that says what is wrong with it. */
  value(value: unknown, json?: string): T;
  /** Of a line that need not be parsed; `undefined` for any other. */
  line?(line: string): T | undefined;
}

export const jsonTypes: readonly string[] = ['application/json', ...lineTypes];

/**
 * Reads each item of a body: the elements of a JSON array, a JSON object, or the lines of NDJSON, which is told by its
 * type or by its first line. Throws a `Refusal` that says which item cannot be read and why; blank lines do not count.
 * @param type of the content, in lower case and without parameters
 */
export function readItems<T>(body: PostedBody, type: string, read: Read<T>): T[] {
  const { texts } = body;
  if (texts === undefined) throw refused('cannot read the body: it is not UTF-8');
  const lines = linesOf(texts);
  if (!lines.some(isSaid)) throw refused('cannot read the body: it is empty, and should be JSON');
  if (lineTypes.includes(type) || areItems(lines)) return readLines(lines, read);
  const document = parsedWhole(texts.join(''), type);
  if (!Array.isArray(document)) return [readAt({}, document, read)];
  return (document as unknown[]).map((value, index) => readAt({ index }, value, read));
}

/** A line may begin in one piece and end in another. */
function linesOf(texts: readonly string[]): string[] {
  const lines: string[] = [];
  let begun = '';
  for (const text of texts) {
    let start = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
      lines.push(begun + text.slice(start, end));
      [begun, start] = ['', end + 1];
    }
    begun += text.slice(start);
  }
  lines.push(begun);
  return lines;
}

function isSaid(line: string): boolean {
  return line !== '' && line.trim() !== '';
}

/** Whether more follows a first line that is an object; a broken first line is told by the last one. */
function areItems(lines: readonly string[]): boolean {
  const [first, last] = [lines.findIndex(isSaid), lines.findLastIndex(isSaid)];
  const isObject = (line = ''): boolean => isJsonObject(parseJson(line));
  const beginsObject = lines[first]?.trimStart().startsWith('{') === true;
  return first < last && beginsObject && (isObject(lines[first]) || isObject(lines[last]));
}

function readLines<T>(lines: readonly string[], read: Read<T>): T[] {
  const items: T[] = [];
  for (const [index, line] of lines.entries())
    if (isSaid(line)) items.push(read.line?.(line) ?? readLine(line, index + 1, read));
  return items;
}

function readLine<T>(text: string, line: number, read: Read<T>): T {
  return readAt({ line }, parsedLine(text, line), read, text);
}

function parsedLine(text: string, line: number): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
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
    return json?.startsWith('{') === true && json.endsWith('}') ? read.value(value, json) : read.value(value);
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
