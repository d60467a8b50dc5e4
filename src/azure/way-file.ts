import { readFileIfPresent, writeFileAtomically } from '../lib/atomic-file.ts';
import { describeError } from '../lib/errors.ts';
import { isJsonObject, parseJson } from '../lib/json.ts';
import type { Log } from '../lib/log.ts';
import type { BlockedHosts, WayStore } from './way-memory.ts';

/** The memory of ways on disk. It only saves time: a file that cannot be read or written is logged and done without. */
export class WayFile implements WayStore {
  readonly #path: string;
  readonly #log: Log;

  constructor(path: string, log: Log) {
    this.#path = path;
    this.#log = log;
  }

  async load(): Promise<BlockedHosts> {
    try {
      const text = await readFileIfPresent(this.#path);
      return text === undefined ? {} : hostsIn(parseJson(text));
    } catch (error) {
      this.#warn('read', error);
      return {};
    }
  }

  async save(hosts: BlockedHosts): Promise<void> {
    try {
      await writeFileAtomically(this.#path, `${JSON.stringify({ version: 1, webSocketsOnly: hosts })}\n`);
    } catch (error) {
      this.#warn('write', error);
    }
  }

  #warn(what: string, error: unknown): void {
    this.#log.warn(
      { reason: describeError(error) },
      `cannot ${what} which way to the cloud works: ${this.#path}`,
    );
  }
}

function hostsIn(content: unknown): BlockedHosts {
  const hosts = isJsonObject(content) && content['version'] === 1 ? content['webSocketsOnly'] : undefined;
  if (!isJsonObject(hosts)) throw new Error('it is damaged');
  const entries = Object.entries(hosts).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  return Object.fromEntries(entries);
}
