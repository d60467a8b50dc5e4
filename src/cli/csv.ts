/** One record of a CSV file, or why there is none; `line` is the one it begins on, from 1. */
export type CsvRecord = CsvFields | CsvProblem;

export interface CsvFields {
  readonly line: number;
  readonly fields: readonly string[];
}

export interface CsvProblem {
  readonly line: number;
  readonly problem: string;
}

/** No record is longer, in characters: what a quote that is never closed swallows is bounded by it. */
const longestRecord = 4096;

/**
 * Reads CSV by RFC 4180 piece by piece, so that a file of any size needs the memory of one record: quoted fields with
 * commas, line breaks and doubled quotes; lines may end with CRLF, LF or CR; empty lines are passed over. A record that
 * is none costs its own line only: the reader goes on with the next.
 */
export class CsvReader {
  #text = '';
  #line = 1;

  /** The records that are complete now. */
  push(chunk: string): CsvRecord[] {
    this.#text += chunk;
    return [...this.#take(false)];
  }

  /** The rest, when there is nothing more to come. */
  end(): CsvRecord[] {
    return [...this.#take(true)];
  }

  *#take(isLast: boolean): Generator<CsvRecord> {
    let position = 0;
    while (position < this.#text.length) {
      const scanned = scanRecord(this.#text, position, isLast);
      if (scanned === 'more' && this.#text.length - position <= longestRecord) break;
      const result = scanned === 'more' ? tooLong(this.#text, position) : scanned;
      if (result === 'more') break;
      if (!isEmptyLine(result)) yield { line: this.#line, ...result.content };
      this.#line += lineBreaks(this.#text.slice(position, result.end));
      position = result.end;
    }
    this.#text = this.#text.slice(position);
  }
}

interface Scanned {
  readonly content: { readonly fields: readonly string[] } | { readonly problem: string };
  /** Where the next record begins. */
  readonly end: number;
}

function scanRecord(text: string, start: number, isLast: boolean): Scanned | 'more' {
  const fields: string[] = [];
  let position = start;
  for (;;) {
    const field = text[position] === '"' ? quotedField(text, position) : plainField(text, position);
    if (field === 'open')
      return isLast ? skipLine(text, start, 'a quote is opened and never closed', isLast) : 'more';
    fields.push(field.value);
    const next = text[field.end];
    if (next === ',') {
      position = field.end + 1;
      continue;
    }
    if (next === undefined && !isLast) return 'more';
    if (next === '"')
      return skipLine(text, start, 'a quote stands inside a field that does not begin with one', isLast);
    if (next !== undefined && next !== '\r' && next !== '\n')
      return skipLine(text, start, 'something stands between a closing quote and the next comma', isLast);
    const end = lineEnd(text, field.end, isLast);
    return end === 'more' ? 'more' : { content: { fields }, end };
  }
}

interface Field {
  readonly value: string;
  readonly end: number;
}

function quotedField(text: string, start: number): Field | 'open' {
  let from = start + 1;
  for (;;) {
    const quote = text.indexOf('"', from);
    if (quote === -1) return 'open';
    if (text[quote + 1] !== '"')
      return { value: text.slice(start + 1, quote).replaceAll('""', '"'), end: quote + 1 };
    from = quote + 2;
  }
}

function plainField(text: string, start: number): Field {
  const stop = /[,"\r\n]/g;
  stop.lastIndex = start;
  const end = stop.exec(text)?.index ?? text.length;
  return { value: text.slice(start, end), end };
}

/** Past the line break at `position`; whether a CR is half of one only the next piece may tell. */
function lineEnd(text: string, position: number, isLast: boolean): number | 'more' {
  if (text[position] === '\r' && text[position + 1] === undefined && !isLast) return 'more';
  return Math.min(text.startsWith('\r\n', position) ? position + 2 : position + 1, text.length);
}

function skipLine(text: string, start: number, problem: string, isLast: boolean): Scanned | 'more' {
  const stop = /[\r\n]/g;
  stop.lastIndex = start;
  const found = stop.exec(text);
  if (found === null && !isLast) return 'more';
  const end = lineEnd(text, found?.index ?? text.length, isLast);
  return end === 'more' ? 'more' : { content: { problem }, end };
}

function tooLong(text: string, start: number): Scanned | 'more' {
  const problem = `no end of this record is found within ${longestRecord} characters: is a quote not closed?`;
  const skipped = skipLine(text, start, problem, false);
  // A line without an end is given up in pieces, so that it never fills the memory.
  return skipped === 'more' ? { content: { problem }, end: text.length } : skipped;
}

function isEmptyLine({ content }: Scanned): boolean {
  return 'fields' in content && content.fields.length === 1 && content.fields[0] === '';
}

function lineBreaks(text: string): number {
  return text.match(/\r\n|\r|\n/g)?.length ?? 0;
}

/** A field as RFC 4180 writes it: in quotes where it must be. */
export function csvField(value: string): string {
  return /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}
