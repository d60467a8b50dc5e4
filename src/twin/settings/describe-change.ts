import { differing } from './saved-settings.ts';
import { settingsInForce } from './settings-file.ts';
import type { SettingsState } from './settings-file.ts';
import type { SettingsTable } from './table.ts';
import { inForce } from './trial.ts';
import type { TrialState } from './trial.ts';

const longest = 60;

/** What has come into force or is no longer, for the log; `undefined` where that is nothing. */
export function describeChange(
  { settings }: SettingsTable,
  before: SettingsState,
  after: SettingsState,
): string | undefined {
  const now = settingsInForce(after);
  const changes = differing(settingsInForce(before), now).map((id) => {
    const saved = now[id];
    if (saved === undefined) return `${id} is as configured`;
    const setting = settings.find((candidate) => candidate.id === id);
    return `${id} is ${setting?.secret === true ? '[secret]' : cut(JSON.stringify(saved.value))}`;
  });
  return changes.length === 0 ? undefined : changes.join(', ');
}

/** The names of the connection's settings that have come into force or are no longer; `undefined` where that is none. */
export function describeConnectionChange(before: TrialState, after: TrialState): string | undefined {
  const names = differing(inForce(before), inForce(after));
  return names.length === 0 ? undefined : names.join(', ');
}

function cut(text: string): string {
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}
