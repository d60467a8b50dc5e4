import type { Config } from '../../config/schema.ts';
import { connectionSettings } from './connection-settings.ts';
import type { ConnectionReaders } from './connection-settings.ts';
import type { Closest } from './kinds.ts';
import { logSettings } from './log-settings.ts';
import { ownSettings } from './own-settings.ts';
import type { Setting } from './setting.ts';
import { telemetrySettings } from './telemetry-settings.ts';

/** Something a desired property asks the device to do, once for each new value; answered elsewhere. */
export interface Action {
  readonly component: string;
  readonly name: string;
  readonly description: string;
}

export interface SettingsTable {
  readonly closest: Closest;
  /** As people write it: `5m`. */
  readonly formatDuration: (ms: number) => string;
  readonly settings: readonly Setting[];
  readonly actions: readonly Action[];
}

/** What the configuration's own reading lends to the table. */
export type TableReaders = ConnectionReaders & Pick<SettingsTable, 'closest' | 'formatDuration'>;

/** What settings are in force, by `component.property`, in the twin's own terms. */
export type Settings = ReadonlyMap<string, unknown>;

/** Everything that may be steered from the twin. */
export function settingsTable(readers: TableReaders): SettingsTable {
  const { closest, formatDuration } = readers;
  return {
    closest,
    formatDuration,
    settings: [
      ...telemetrySettings(closest),
      ...logSettings(closest),
      ...ownSettings,
      ...connectionSettings(readers),
    ],
    actions: [
      {
        component: 'provisioning',
        name: 'reprovision',
        description:
          'Any text of at most 128 characters, or number, that is not the one before: the device asks DPS again.',
      },
    ],
  };
}

export function componentsIn({ settings, actions }: SettingsTable): string[] {
  return [...new Set([...settings, ...actions].map(({ component }) => component))];
}

/** The configuration with the twin's settings over it. One that does not fit is left out. */
export function effectiveConfig({ settings }: SettingsTable, config: Config, inForce: Settings): Config {
  return settings.reduce(
    (sum, setting) => (inForce.has(setting.id) ? setting.apply(sum, inForce.get(setting.id)) : sum),
    config,
  );
}
