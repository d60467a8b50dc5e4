import { readFileIfPresent, writeFileAtomically } from '../lib/atomic-file.ts';
import type { Clock } from '../lib/clock.ts';
import { describeError } from '../lib/errors.ts';
import { isJsonObject, parseJson } from '../lib/json.ts';
import type { Log } from '../lib/log.ts';

/** So many registrations are remembered: the burst that the budget allows. */
const remembered = 3;

/**
 * When the device last asked DPS, on disk, so that a program which keeps crashing and being restarted does not hammer DPS.
 * Kept by the wall clock, the only one that outlives a restart; a time that lies in the future counts as now. Never
 * rejects: what cannot be read or written is logged, and the budget then starts full.
 */
export class RegistrationRecord {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #log: Log;
  #times: readonly number[] = [];
  /** Before the last was added. */
  #before: readonly number[] = [];

  constructor(path: string, clock: Clock, log: Log) {
    this.#path = path;
    this.#clock = clock;
    this.#log = log;
  }

  /** How long ago the last registrations were, in milliseconds, oldest first. */
  async load(): Promise<readonly number[]> {
    try {
      this.#times = parseTimes(await readFileIfPresent(this.#path));
    } catch (error) {
      this.#log.warn({ error: describeError(error) }, `cannot read ${this.#path}`);
    }
    const now = this.#clock.now().getTime();
    return this.#times.map((time) => Math.max(0, now - time));
  }

  /** DPS is about to be asked. */
  async add(): Promise<void> {
    this.#before = this.#times;
    this.#times = [...this.#times, this.#clock.now().getTime()].slice(-remembered);
    await this.#write();
  }

  /** The one added last was none: DPS could not be reached. */
  async takeBack(): Promise<void> {
    this.#times = this.#before;
    await this.#write();
  }

  async #write(): Promise<void> {
    try {
      const registrations = this.#times.map((time) => new Date(time).toISOString());
      await writeFileAtomically(this.#path, `${JSON.stringify({ format: 1, registrations })}\n`);
    } catch (error) {
      this.#log.warn({ error: describeError(error) }, `cannot write ${this.#path}`);
    }
  }
}

function parseTimes(text: string | undefined): readonly number[] {
  const file = text === undefined ? undefined : parseJson(text);
  const list =
    isJsonObject(file) && Array.isArray(file['registrations']) ? (file['registrations'] as unknown[]) : [];
  return list.map((time) => Date.parse(String(time))).filter((time) => !Number.isNaN(time));
}
