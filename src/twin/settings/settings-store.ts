import type { Config } from '../../config/schema.ts';
import { readFileIfPresent, setAside, writeFileAtomically } from '../../lib/atomic-file.ts';
import { Bell } from '../../lib/bell.ts';
import { describeError } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import { valuesIn } from './saved-settings.ts';
import type { SavedSettings } from './saved-settings.ts';
import { noSettings, readSettingsFile, settingsFileText, settingsInForce } from './settings-file.ts';
import type { SettingsState } from './settings-file.ts';
import { effectiveConfig } from './table.ts';
import type { SettingsTable } from './table.ts';
import { transition } from './trial.ts';
import type { TrialState } from './trial.ts';

export interface SettingsStoreOptions {
  /** Of settings.json; the copy before it is kept beside it, as settings.previous.json. */
  readonly path: string;
  readonly table: SettingsTable;
  /** Of the files: what the settings lie over, until it is rebased. */
  readonly config: Config;
  /** Where what is in force is put. */
  readonly live: { readonly generation: number; put(current: Config, configured: Config): void };
  readonly log: Log;
  /** Writes a file whole or not at all. */
  readonly write?: (path: string, content: string) => Promise<void>;
}

/**
 * The settings from the twin: saved, then put in force, so that a gateway which reboots offline keeps what its operator
 * gave it, and what was acknowledged survives a power cut.
 */
export class SettingsStore {
  /** Rings whenever the state is another. */
  readonly changed = new Bell();
  readonly #options: SettingsStoreOptions;
  #state: SettingsState = noSettings;
  /** What the file holds, if that is known. */
  #onDisk: string | undefined;
  #config: Config;
  #connectionSince = 0;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: SettingsStoreOptions) {
    this.#options = options;
    this.#config = options.config;
  }

  get state(): SettingsState {
    return this.#state;
  }

  /** The generation of the live configuration from which on the connection's settings are what they are. */
  get connectionSince(): number {
    return this.#connectionSince;
  }

  /**
   * Reads what was last saved, or the copy before it if that is damaged, and puts it in force. What this version or this
   * configuration has no room for is left out, and logged. A trial that was going on goes on, or has had its chance.
   */
  async load(): Promise<void> {
    const loaded = await this.#read();
    this.#put(loaded);
    const connection = transition(loaded.connection, { name: 'restarted' });
    const counted = connection === loaded.connection ? loaded : { ...loaded, connection };
    await this.update(() => counted, 'in any case');
  }

  /**
   * Saves and puts in force what `change` makes of the state; one change at a time. Rejects when it cannot be saved, and
   * then all is as before, unless it must be `in any case`: then it holds until the agent ends, and that is logged.
   */
  update(change: (state: SettingsState) => SettingsState, how?: 'in any case'): Promise<void> {
    const mine = this.#turn.then(async () => {
      const next = change(this.#state);
      if (next === this.#state) return;
      try {
        await this.#write(settingsFileText(next));
      } catch (error) {
        if (how === undefined) throw error;
        this.#options.log.error(`cannot save the settings to ${this.#options.path}: ${describeError(error)}`);
      }
      this.#put(next);
    });
    this.#turn = mine.catch(() => undefined);
    return mine;
  }

  /** What the settings lie over is another from now on. */
  rebase(config: Config): void {
    this.#config = config;
    this.#put(this.#state);
  }

  #put(state: SettingsState): void {
    const { table, live } = this.#options;
    const isOther = state.connection !== this.#state.connection;
    this.#state = state;
    live.put(effectiveConfig(table, this.#config, valuesIn(settingsInForce(state))), this.#config);
    if (isOther) this.#connectionSince = live.generation;
    this.changed.ring();
  }

  async #write(text: string): Promise<void> {
    if (text === this.#onDisk) return;
    const { path, write = writeFileAtomically } = this.#options;
    if (this.#onDisk !== undefined) await write(previous(path), this.#onDisk);
    await write(path, text);
    this.#onDisk = text;
  }

  async #read(): Promise<SettingsState> {
    const { path, log } = this.#options;
    try {
      const text = await readFileIfPresent(path);
      if (text === undefined) return noSettings;
      const state = readSettingsFile(text);
      if (state === undefined) return await this.#fallBack();
      this.#onDisk = text;
      return this.#fitting(state);
    } catch (error) {
      log.warn(
        { error: describeError(error) },
        `cannot read the settings from ${path}: the configuration holds`,
      );
      return noSettings;
    }
  }

  async #fallBack(): Promise<SettingsState> {
    const { path, log } = this.#options;
    const aside = await setAside(path);
    const state = readSettingsFile((await readFileIfPresent(previous(path))) ?? '');
    const instead = state === undefined ? 'the configuration holds' : 'those before them hold';
    log.warn(`the settings in ${path} were damaged and are now ${aside}: ${instead}`);
    return state === undefined ? noSettings : this.#fitting(state);
  }

  /** By the operator's own rules, so that a file from another version or for another configuration can do no harm. */
  #fitting({ settings, connection }: SettingsState): SettingsState {
    return { settings: this.#known(settings), connection: this.#knownInTrial(connection) };
  }

  #knownInTrial(state: TrialState): TrialState {
    const confirmed = this.#known(state.confirmed);
    switch (state.name) {
      case 'settled':
        return { ...state, confirmed };
      case 'trying':
        return { ...state, confirmed, wanted: this.#known(state.wanted) };
      case 'reverted':
        return { ...state, confirmed };
    }
  }

  #known(saved: SavedSettings): SavedSettings {
    const { table, config, log } = this.#options;
    const known = Object.entries(saved).filter(([id, { value }]) => {
      const checked = table.settings.find((setting) => setting.id === id)?.check(value, config);
      if (checked !== undefined && 'value' in checked) return true;
      log.warn(`a saved setting is left out: ${checked?.problem ?? `${id} is unknown to this version`}`);
      return false;
    });
    return Object.fromEntries(known);
  }
}

function previous(path: string): string {
  return path.replace(/(\.json)?$/, '.previous$1');
}
