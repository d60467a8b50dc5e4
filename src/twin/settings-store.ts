import { readFileIfPresent, setAside, writeFileAtomically } from '../lib/atomic-file.ts';
import { describeError } from '../lib/errors.ts';
import { isJsonObject, parseJson } from '../lib/json.ts';
import type { Log } from '../lib/log.ts';
import { applyDesired } from './settings.ts';
import type { Settings } from './settings.ts';

const formatVersion = 1;

/** The settings in force: kept on disk, so that a gateway which reboots offline keeps what its operator gave it. */
export class SettingsStore {
  readonly #path: string;
  readonly #log: Log;
  readonly #waiters = new Set<() => void>();
  #settings: Settings = {};

  constructor(path: string, log: Log) {
    this.#path = path;
    this.#log = log;
  }

  get current(): Settings {
    return this.#settings;
  }

  /** What the operator asked for, or else what the configuration says. */
  intervalMs(configuredMs: number): number {
    const { intervalSeconds } = this.#settings;
    return intervalSeconds === undefined ? configuredMs : intervalSeconds * 1000;
  }

  /** Resolves at the next change; rejects with the signal's reason when aborted. */
  changed(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const onAbort = (): void => {
        this.#waiters.delete(onChange);
        reject(signal.reason as Error);
      };
      const onChange = (): void => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiters.add(onChange);
    });
  }

  /** Reads what was last saved. A damaged file is set aside and logged; the configuration then holds. */
  async load(): Promise<void> {
    try {
      const text = await readFileIfPresent(this.#path);
      if (text === undefined) return;
      const settings = parseSettings(text);
      if (settings === undefined) {
        const aside = await setAside(this.#path);
        this.#log.warn(
          `the settings in ${this.#path} were damaged and are now ${aside}: the configuration holds`,
        );
        return;
      }
      this.#settings = settings;
    } catch (error) {
      this.#log.warn({ error: describeError(error) }, `cannot read the settings from ${this.#path}`);
    }
  }

  /** Saves, then puts in force: what was acknowledged must survive a power cut. Rejects when it cannot be saved. */
  async replace(settings: Settings): Promise<void> {
    if (settings.intervalSeconds === this.#settings.intervalSeconds) return;
    await writeFileAtomically(
      this.#path,
      `${JSON.stringify({ format: formatVersion, settings }, undefined, 2)}\n`,
    );
    this.#settings = settings;
    const waiters = [...this.#waiters];
    this.#waiters.clear();
    for (const wake of waiters) wake();
  }
}

function parseSettings(text: string): Settings | undefined {
  const file = parseJson(text);
  if (!isJsonObject(file) || file['format'] !== formatVersion || !isJsonObject(file['settings']))
    return undefined;
  const saved = file['settings'];
  // By the operator's own rules, so that a file from another version can do no harm.
  const { settings } = applyDesired({}, { telemetry: saved }, 0, undefined);
  return saved['intervalSeconds'] === settings.intervalSeconds ? settings : undefined;
}
