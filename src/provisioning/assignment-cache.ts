import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Assignment } from './dps-client.ts';
import { readFileIfPresent, setAside, writeFileAtomically } from '../lib/atomic-file.ts';
import { describeError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import { isJsonObject, isText, parseJson } from '../lib/json.ts';
import type { JsonObject } from '../lib/json.ts';

const formatVersion = 1;

/** The assignment in use, and the one before: a change of the endpoint that is taken back finds it again. */
const maxEntries = 2;

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
  /** As last read or saved, the one in use first: what could not be written is known all the same. */
  #entries: readonly Entry[] | undefined;

  constructor(path: string, log: Log) {
    this.#path = path;
    this.#log = log;
  }

  /** The assignment last saved for this fingerprint, if there is one. A damaged file is set aside. */
  async load(fingerprint: string): Promise<Assignment | undefined> {
    const entries = await this.#known();
    const entry = entries.find((each) => each.fingerprint === fingerprint);
    if (entry === undefined && entries.length > 0)
      this.#log.info('the cached assignment is for another configuration or credential');
    return entry?.assignment;
  }

  /**
   * From now on the one in use; written where that is new. Never rejects: an assignment that cannot be written is used all
   * the same, and DPS asked at the next start.
   */
  async save(fingerprint: string, assignment: Assignment): Promise<void> {
    const entries = await this.#known();
    const others = entries.filter((each) => each.fingerprint !== fingerprint);
    const saved = [{ fingerprint, assignment }, ...others].slice(0, maxEntries);
    if (isDeepStrictEqual(saved, entries)) return;
    this.#entries = saved;
    const [current, previous] = saved;
    try {
      const file = { format: formatVersion, ...current, ...(previous === undefined ? {} : { previous }) };
      await writeFileAtomically(this.#path, `${JSON.stringify(file, undefined, 2)}\n`);
    } catch (error) {
      this.#log.warn({ error: describeError(error) }, `cannot save the assignment to ${this.#path}`);
    }
  }

  async #known(): Promise<readonly Entry[]> {
    if (this.#entries !== undefined) return this.#entries;
    const text = await this.#read();
    const entries = text === undefined ? [] : parseEntries(text);
    if (entries === undefined) await this.#setDamagedAside();
    this.#entries = entries ?? [];
    return this.#entries;
  }

  async #read(): Promise<string | undefined> {
    try {
      return await readFileIfPresent(this.#path);
    } catch (error) {
      this.#log.warn({ error: describeError(error) }, `cannot read the cached assignment from ${this.#path}`);
      return undefined;
    }
  }

  async #setDamagedAside(): Promise<void> {
    try {
      const aside = await setAside(this.#path);
      this.#log.warn(
        `the cached assignment in ${this.#path} was damaged and is now ${aside}: DPS will be asked`,
      );
    } catch (error) {
      this.#log.warn({ error: describeError(error) }, `cannot set the damaged ${this.#path} aside`);
    }
  }
}

interface Entry {
  readonly fingerprint: string;
  readonly assignment: Assignment;
}

/** An earlier version of the agent reads the first of them, and wrote no other. */
function parseEntries(text: string): readonly Entry[] | undefined {
  const file = parseJson(text);
  if (!isEntry(file) || file['format'] !== formatVersion) return undefined;
  const { fingerprint, assignment, previous } = file;
  const current = { fingerprint, assignment };
  return isEntry(previous)
    ? [current, { fingerprint: previous.fingerprint, assignment: previous.assignment }]
    : [current];
}

function isEntry(value: unknown): value is Entry & JsonObject {
  return (
    isJsonObject(value) &&
    typeof value['fingerprint'] === 'string' &&
    isJsonObject(value['assignment']) &&
    isText(value['assignment']['assignedHub']) &&
    isText(value['assignment']['deviceId']) &&
    isText(value['assignment']['assignedAt'])
  );
}
