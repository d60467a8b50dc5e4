import { logLevels } from '../log-areas.ts';
import type { LogArea, LogLevel } from '../log-areas.ts';
import { isJsonObject, parseJson } from '../lib/json.ts';
import type { JsonObject } from '../lib/json.ts';

/** Which lines are wanted; what is absent does not matter. */
export interface LineFilter {
  /** By the wall clock, in milliseconds since 1970: from then on, that moment included. */
  readonly sinceMs?: number | undefined;
  /** Until then, that moment not included. */
  readonly untilMs?: number | undefined;
  /** As grave as this, or graver. */
  readonly level?: LogLevel | undefined;
  readonly area?: LogArea | undefined;
}

/** The last lines of the log in memory, as the JSON that was logged, within a bound; counts what it lets go. */
export class LogRing {
  readonly #maxBytes: number;
  #lines: Line[] = [];
  /** Where the first line stands in `#lines`; those before it are gone. */
  #first = 0;
  #bytes = 0;
  #dropped = 0;
  readonly #readers = new Set<(text: string) => void>();

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Lines that were here and are no longer, or were larger than all the room there is. */
  get dropped(): number {
    return this.#dropped;
  }

  /** What is held, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** @param text one line of JSON, its end included or not */
  push(text: string): void {
    const line = text.endsWith('\n') ? text.slice(0, -1) : text;
    const bytes = Buffer.byteLength(line) + overheadBytes;
    this.#lines.push({ text: line, bytes });
    this.#bytes += bytes;
    while (this.#bytes > this.#maxBytes) this.#drop();
    // Moved rarely, so that a line costs the same however many are held.
    if (this.#first > 64 && this.#first > this.#lines.length / 2) {
      this.#lines = this.#lines.slice(this.#first);
      this.#first = 0;
    }
    if (this.#readers.size > 0) for (const reader of this.#readers) reader(line);
  }

  /** Hands over each line wanted from now on, until the function that is returned is called. */
  watch(onLine: (text: string) => void, filter: LineFilter = {}): () => void {
    const reader = (text: string): void => {
      if (lineFits(text, filter)) onLine(text);
    };
    this.#readers.add(reader);
    return () => {
      this.#readers.delete(reader);
    };
  }

  /** Those wanted, oldest first. */
  lines(filter: LineFilter = {}): string[] {
    return [...this.newestFirst(filter)].reverse();
  }

  /** The same from the other end, looked for only as far as somebody asks. Of what is logged meanwhile it says nothing. */
  *newestFirst(filter: LineFilter = {}): Generator<string, void, undefined> {
    const held = this.#lines.slice(this.#first);
    const isOpen = takesAll(filter);
    for (let index = held.length - 1; index >= 0; index -= 1) {
      const text = held[index]?.text ?? '';
      if (isOpen || fits(parseJson(text), filter)) yield text;
    }
  }

  #drop(): void {
    this.#bytes -= this.#lines[this.#first]?.bytes ?? 0;
    this.#lines[this.#first] = gone;
    this.#first += 1;
    this.#dropped += 1;
  }
}

interface Line {
  readonly text: string;
  readonly bytes: number;
}

const gone: Line = { text: '', bytes: 0 };

/** What a line takes beside its text, about. */
const overheadBytes = 64;

/** Whether a line is wanted; one that is no JSON is only where all are. */
export function lineFits(text: string, filter: LineFilter): boolean {
  return takesAll(filter) || fits(parseJson(text), filter);
}

function takesAll(filter: LineFilter): boolean {
  return Object.values(filter).every((wanted) => wanted === undefined);
}

function fits(line: unknown, filter: LineFilter): boolean {
  return isJsonObject(line) && isGraveEnough(line, filter) && isInTime(line, filter) && isOf(line, filter);
}

/** pino's numbers: 20 for debug, and ten more for each step. */
function isGraveEnough(line: JsonObject, { level }: LineFilter): boolean {
  return level === undefined || Number(line['level']) >= 20 + 10 * logLevels.indexOf(level);
}

function isInTime(line: JsonObject, { sinceMs = -Infinity, untilMs = Infinity }: LineFilter): boolean {
  const atMs = Date.parse(String(line['time']));
  return !(atMs < sinceMs) && !(atMs >= untilMs);
}

function isOf(line: JsonObject, { area }: LineFilter): boolean {
  return area === undefined || line['area'] === area;
}
