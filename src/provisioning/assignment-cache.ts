import { join } from 'node:path';
import type { Assignment } from './dps-client.ts';
import { readFileIfPresent, setAside, writeFileAtomically } from '../lib/atomic-file.ts';
import { describeError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import { isJsonObject, isText, parseJson } from '../lib/json.ts';

const formatVersion = 1;

export function assignmentFileIn(stateDirectory: string): string {
  return join(stateDirectory, 'assignment.json');
}

/**
 * The assignment DPS gave, on disk together with a fingerprint of what was asked, so that a start without a network
 * finds its hub and a changed configuration never meets another one's. The cache is a convenience: whatever is wrong
 * with the file is logged, never fatal.
 */
export class AssignmentCache {
  readonly #path: string;
  readonly #log: Log;

  constructor(path: string, log: Log) {
    this.#path = path;
    this.#log = log;
  }

  /** The assignment last saved for this fingerprint, if there is one. A damaged file is set aside. */
  async load(fingerprint: string): Promise<Assignment | undefined> {
    const text = await this.#read();
    if (text === undefined) return undefined;
    const entry = parseEntry(text);
    if (entry === undefined) return this.#setDamagedAside();
    if (entry.fingerprint === fingerprint) return entry.assignment;
    this.#log.info('the cached assignment is for another configuration or credential');
    return undefined;
  }

  /** Never rejects: an assignment that cannot be written is used all the same, and DPS asked at the next start. */
  async save(fingerprint: string, assignment: Assignment): Promise<void> {
    try {
      const entry = { format: formatVersion, fingerprint, assignment };
      await writeFileAtomically(this.#path, `${JSON.stringify(entry, undefined, 2)}\n`);
    } catch (error) {
      this.#log.warn({ error: describeError(error) }, `cannot save the assignment to ${this.#path}`);
    }
  }

  async #read(): Promise<string | undefined> {
    try {
      return await readFileIfPresent(this.#path);
    } catch (error) {
      this.#log.warn({ error: describeError(error) }, `cannot read the cached assignment from ${this.#path}`);
      return undefined;
    }
  }

  async #setDamagedAside(): Promise<undefined> {
    try {
      const aside = await setAside(this.#path);
      this.#log.warn(
        `the cached assignment in ${this.#path} was damaged and is now ${aside}: DPS will be asked`,
      );
    } catch (error) {
      this.#log.warn({ error: describeError(error) }, `cannot set the damaged ${this.#path} aside`);
    }
    return undefined;
  }
}

interface Entry {
  readonly fingerprint: string;
  readonly assignment: Assignment;
}

function parseEntry(text: string): Entry | undefined {
  const entry = parseJson(text);
  return isEntry(entry) ? entry : undefined;
}

function isEntry(value: unknown): value is Entry {
  return (
    isJsonObject(value) &&
    value['format'] === formatVersion &&
    typeof value['fingerprint'] === 'string' &&
    isJsonObject(value['assignment']) &&
    isText(value['assignment']['assignedHub']) &&
    isText(value['assignment']['deviceId']) &&
    isText(value['assignment']['assignedAt'])
  );
}
