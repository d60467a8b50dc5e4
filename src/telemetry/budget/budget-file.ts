import { readFileIfPresent, setAside, writeFileAtomically } from '../../lib/atomic-file.ts';
import { describeError } from '../../lib/errors.ts';
import { isJsonObject, isText, parseJson } from '../../lib/json.ts';
import type { Log } from '../../lib/log.ts';
import type { MeterRecord, Tally } from './meter.ts';

const formatVersion = 1;

export interface BudgetRecord {
  readonly messages: MeterRecord;
  readonly bytes: MeterRecord;
}

/** What was used of the budget, on disk. Never rejects: what cannot be read or written is logged. */
export class BudgetFile {
  readonly #path: string;
  readonly #log: Log;
  #written = '';
  #failing = false;

  constructor(path: string, log: Log) {
    this.#path = path;
    this.#log = log;
  }

  /** `undefined` when there is none; a damaged one is set aside. */
  async read(): Promise<BudgetRecord | undefined> {
    try {
      const text = await readFileIfPresent(this.#path);
      if (text === undefined) return undefined;
      const record = parse(text);
      if (record === undefined) {
        const aside = await setAside(this.#path);
        this.#log.warn(
          `the counts in ${this.#path} were damaged and are now ${aside}: the budget is counted anew`,
        );
      }
      this.#written = record === undefined ? '' : text;
      return record;
    } catch (error) {
      this.#log.warn({ error: describeError(error) }, `cannot read the budget's counts from ${this.#path}`);
      return undefined;
    }
  }

  /** Nothing is written when nothing has changed. A disk that fails is said once, and its end once. */
  async write(record: BudgetRecord): Promise<void> {
    const text = `${JSON.stringify({ format: formatVersion, ...record })}\n`;
    if (text === this.#written) return;
    try {
      await writeFileAtomically(this.#path, text);
      this.#written = text;
      if (this.#failing) this.#log.info(`the budget's counts can be kept in ${this.#path} again`);
      this.#failing = false;
    } catch (error) {
      if (!this.#failing)
        this.#log.warn({ error: describeError(error) }, `cannot keep the budget's counts in ${this.#path}`);
      this.#failing = true;
    }
  }
}

function parse(text: string): BudgetRecord | undefined {
  const file = parseJson(text);
  if (!isJsonObject(file) || file['format'] !== formatVersion) return undefined;
  const [messages, bytes] = [parseMeter(file['messages']), parseMeter(file['bytes'])];
  return messages === undefined || bytes === undefined ? undefined : { messages, bytes };
}

function parseMeter(value: unknown): MeterRecord | undefined {
  if (!isJsonObject(value) || !Array.isArray(value['past'])) return undefined;
  const past = (value['past'] as unknown[]).map(parseTally);
  const current = value['current'] === undefined ? undefined : parseTally(value['current']);
  if (value['current'] !== undefined && current === undefined) return undefined;
  const known = past.filter((tally) => tally !== undefined);
  return known.length < past.length ? undefined : { current, past: known };
}

function parseTally(value: unknown): Tally | undefined {
  if (!isJsonObject(value)) return undefined;
  const { period, spent, carried, elapsedMs } = value;
  return isText(period) && isAmount(spent) && isAmount(carried) && isAmount(elapsedMs)
    ? { period, spent, carried, elapsedMs }
    : undefined;
}

function isAmount(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}
