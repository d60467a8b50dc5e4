import { isJsonObject, isText, parseJson } from '../../lib/json.ts';
import type { SavedSettings, SavedValue } from './saved-settings.ts';
import { inForce } from './trial.ts';
import type { TrialState } from './trial.ts';

/** What the twin has set, as it outlives the agent. */
export interface SettingsState {
  /** All but the connection's. */
  readonly settings: SavedSettings;
  readonly connection: TrialState;
}

export const noSettings: SettingsState = { settings: {}, connection: { name: 'settled', confirmed: {} } };

const format = 2;

/** The content of settings.json; `undefined` if that is damaged, or of a version to come. */
export function readSettingsFile(text: string): SettingsState | undefined {
  const file = parseJson(text);
  if (!isJsonObject(file)) return undefined;
  if (file['format'] === 1) return firstFormat(file['settings']);
  const [settings, connection] = [savedIn(file['settings']), trialIn(file['connection'])];
  if (file['format'] !== format || settings === undefined || connection === undefined) return undefined;
  return { settings, connection };
}

export function settingsFileText({ settings, connection }: SettingsState): string {
  return `${JSON.stringify({ format, settings, connection }, undefined, 2)}\n`;
}

/** What holds now, each with the version that brought it; of the connection's, what is being tried if so. */
export function settingsInForce({ settings, connection }: SettingsState): SavedSettings {
  return { ...settings, ...inForce(connection) };
}

/** It had one setting, and no versions. */
function firstFormat(settings: unknown): SettingsState | undefined {
  if (!isJsonObject(settings)) return undefined;
  const { intervalSeconds } = settings;
  const saved = { 'telemetry.intervalSeconds': { value: intervalSeconds, version: 0 } };
  return intervalSeconds === undefined ? noSettings : { ...noSettings, settings: saved };
}

function trialIn(value: unknown): TrialState | undefined {
  if (!isJsonObject(value)) return undefined;
  const { name, restarts, why } = value;
  const [confirmed, wanted, refused] = ['confirmed', 'wanted', 'refused'].map((key) => savedIn(value[key]));
  if (confirmed === undefined) return undefined;
  if (name === 'settled') return { name, confirmed };
  if (name === 'trying' && wanted !== undefined && Number.isInteger(restarts))
    return { name, confirmed, wanted, restarts: Number(restarts) };
  if (name === 'reverted' && refused !== undefined && isText(why)) return { name, confirmed, refused, why };
  return undefined;
}

function savedIn(value: unknown): SavedSettings | undefined {
  if (!isJsonObject(value)) return undefined;
  return Object.values(value).every(isSaved) ? (value as Record<string, SavedValue>) : undefined;
}

function isSaved(value: unknown): boolean {
  return isJsonObject(value) && value['value'] !== undefined && Number.isInteger(value['version']);
}
