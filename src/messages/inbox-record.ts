import * as v from 'valibot';
import { readFileIfPresent, setAside, writeFileAtomically } from '../lib/atomic-file.ts';
import { describeError } from '../lib/errors.ts';
import { parseJson } from '../lib/json.ts';
import type { Log } from '../lib/log.ts';

/** How many messages that were handled are remembered. */
export const rememberedMessages = 1000;

const schema = v.object({
  /** The highest number given to a message so far. */
  last: v.number(),
  handled: v.array(v.string()),
  attempts: v.record(v.string(), v.number()),
});

/**
 * What is known beside the messages themselves: fingerprints of those handled, the oldest forgotten first, and how often
 * each of those waiting was tried. It is on the disk when `save` resolves; nothing is written without a message.
 */
export class InboxRecord {
  last = 0;
  readonly #path: string;
  readonly #log: Log;
  readonly #handled = new Set<string>();
  readonly #attempts = new Map<number, number>();
  #saved: Promise<void> = Promise.resolve();

  constructor(path: string, log: Log) {
    this.#path = path;
    this.#log = log;
  }

  /** A damaged file is set aside: messages may then be taken for new that are not. Rejects if it cannot be read. */
  async load(): Promise<void> {
    const text = await readFileIfPresent(this.#path);
    if (text === undefined) return;
    const parsed = v.safeParse(schema, parseJson(text));
    if (!parsed.success) {
      const aside = await setAside(this.#path);
      const why = describeError(new Error(parsed.issues[0].message));
      this.#log.warn({ path: aside }, `cannot read what is known of earlier messages, set aside: ${why}`);
      return;
    }
    const { last, handled, attempts } = parsed.output;
    this.last = last;
    for (const each of handled) this.#handled.add(each);
    for (const [number, count] of Object.entries(attempts)) this.#attempts.set(Number(number), count);
  }

  isHandled(fingerprint: string): boolean {
    return this.#handled.has(fingerprint);
  }

  attemptsOf(number: number): number {
    return this.#attempts.get(number) ?? 0;
  }

  attempt(number: number): void {
    this.#attempts.set(number, this.attemptsOf(number) + 1);
  }

  forgetAttempt(number: number): void {
    const others = this.attemptsOf(number) - 1;
    if (others > 0) this.#attempts.set(number, others);
    else this.#attempts.delete(number);
  }

  /** @param fingerprint of what is to be known again; `undefined` if it cannot be */
  finished(number: number, fingerprint: string | undefined): void {
    this.#attempts.delete(number);
    if (fingerprint === undefined) return;
    this.#handled.delete(fingerprint);
    this.#handled.add(fingerprint);
    for (const oldest of this.#handled) {
      if (this.#handled.size <= rememberedMessages) break;
      this.#handled.delete(oldest);
    }
  }

  /** One at a time; each writes what holds when its turn has come. */
  save(): Promise<void> {
    const write = (): Promise<void> => writeFileAtomically(this.#path, this.#text());
    const saved = this.#saved.then(write, write);
    this.#saved = saved;
    saved.catch(() => undefined);
    return saved;
  }

  #text(): string {
    const attempts = Object.fromEntries(this.#attempts);
    return JSON.stringify({ last: this.last, handled: [...this.#handled], attempts });
  }
}
