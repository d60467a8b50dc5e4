import { isDeepStrictEqual } from 'node:util';
import type { Config } from '../../config/schema.ts';
import { isJsonObject } from '../../lib/json.ts';
import type { JsonObject } from '../../lib/json.ts';
import { valueAt } from '../properties.ts';
import { unknownName } from './kinds.ts';
import type { SavedSettings, SavedValue } from './saved-settings.ts';
import type { Setting } from './setting.ts';
import { settingsInForce } from './settings-file.ts';
import type { SettingsState } from './settings-file.ts';
import { componentsIn } from './table.ts';
import type { SettingsTable } from './table.ts';
import { transition } from './trial.ts';

/** What a desired document asks of this device. */
export interface Reading {
  /** By `component.property`, what may be put in force. */
  readonly wanted: ReadonlyMap<string, unknown>;
  /** By `component.property`, why not. */
  readonly refused: ReadonlyMap<string, string>;
  /** What nobody here knows: the property, or the whole component, and the sentence that says so. */
  readonly strangers: readonly Stranger[];
}

export interface Stranger {
  readonly component: string;
  /** Absent: it is the component itself. */
  readonly name?: string;
  readonly problem: string;
}

/** Reads the desired properties, without their version. */
export function readDesired(table: SettingsTable, config: Config, desired: Readonly<JsonObject>): Reading {
  const wanted = new Map<string, unknown>();
  const refused = new Map<string, string>();
  for (const setting of table.settings) {
    const value = valueAt(desired, setting.component, setting.name);
    if (value === undefined) continue;
    const checked = setting.check(value, config);
    if ('value' in checked) wanted.set(setting.id, checked.value);
    else refused.set(setting.id, checked.problem);
  }
  return {
    wanted,
    refused,
    strangers: Object.entries(desired).flatMap((entry) => strangersIn(table, entry)),
  };
}

/**
 * What the state becomes when this is asked for. What is refused leaves in force what is; so does a component that is no
 * object. What is not asked for is as configured; but a setting of the connection is taken back only where it was asked
 * for: an endpoint that sends the device to another hub would otherwise bring it back at once, and so for ever.
 * @param hub whose twin asks
 */
export function stateAsked(
  table: SettingsTable,
  reading: Reading,
  desired: Readonly<JsonObject>,
  version: number,
  hub: string,
  before: SettingsState,
): SettingsState {
  const held = settingsInForce(before);
  const next = (reconnects: boolean): SavedSettings => {
    const settings = table.settings.filter((setting) => (setting.reconnects ?? false) === reconnects);
    return Object.fromEntries(
      settings.flatMap((setting) => {
        const asked = { version, ...(reconnects ? { hub } : {}) };
        const saved = savedValue(setting, reading, desired, asked, held[setting.id]);
        return saved === undefined ? [] : [[setting.id, saved]];
      }),
    );
  };
  const settings = next(false);
  const connection = transition(before.connection, { name: 'asked', wanted: next(true) });
  const isSame = connection === before.connection && isDeepStrictEqual(settings, before.settings);
  return isSame ? before : { settings, connection };
}

function savedValue(
  { id, component }: Setting,
  { wanted, refused }: Reading,
  desired: Readonly<JsonObject>,
  asked: Omit<SavedValue, 'value'>,
  held: SavedValue | undefined,
): SavedValue | undefined {
  const isReadable = isJsonObject(valueAt(desired, component) ?? {});
  if (!isReadable || refused.has(id)) return held;
  const isFromHere = held?.hub === undefined || held.hub === asked.hub;
  if (!wanted.has(id)) return isFromHere ? undefined : held;
  const value = wanted.get(id);
  return isFromHere && isDeepStrictEqual(held?.value, value) ? held : { value, ...asked };
}

/** A component of ours may carry `__t: 'c'` (protocol.md 7). */
function strangersIn(table: SettingsTable, [component, section]: readonly [string, unknown]): Stranger[] {
  const properties = [...table.settings, ...table.actions];
  const known = properties.filter((property) => property.component === component).map(({ name }) => name);
  if (known.length === 0) {
    const problem = unknownName(component, component, componentsIn(table), table.closest);
    return [{ component, problem }];
  }
  if (!isJsonObject(section))
    return [
      { component, problem: `${component} must be an object with properties such as ${known[0] ?? ''}` },
    ];
  return Object.keys(section)
    .filter((name) => name !== '__t' && !known.includes(name))
    .map((name) => ({ component, name, problem: unknownName(name, name, known, table.closest) }));
}
