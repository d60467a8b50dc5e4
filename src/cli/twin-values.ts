import { join } from 'node:path';
import { isMapping } from '../config/found.ts';
import { describeSource } from '../config/layers/source.ts';
import type { ConfigValue } from '../config/layers/values.ts';
import type { KeyPath } from '../config/positions.ts';
import { formatPath } from '../config/problems.ts';
import { readFileIfPresent } from '../lib/atomic-file.ts';
import type { SavedSettings } from '../twin/settings/saved-settings.ts';
import { readSettingsFile, settingsInForce } from '../twin/settings/settings-file.ts';
import { isForbidden } from './forbidden.ts';
import { CommandError } from './usage.ts';

/** A value in force, and what it lies over when the twin has set it. */
export interface ShownValue extends ConfigValue {
  readonly over?: string;
}

/**
 * What the twin has set on this device, by `component.property`; nothing when its file is damaged, as for the agent. Throws
 * a CommandError when the file may not be read.
 */
export async function savedSettings(stateDirectory: string): Promise<SavedSettings> {
  const path = join(stateDirectory, 'settings.json');
  try {
    const state = readSettingsFile((await readFileIfPresent(path)) ?? '');
    return state === undefined ? {} : settingsInForce(state);
  } catch (cause) {
    const who = isForbidden(cause) ? ', as root or the user the agent runs as may' : '';
    throw new CommandError(`cannot read what the twin has set, ${path}${who}`, { cause });
  }
}

/** The values of the configuration with those from the twin over them. One that fits no key is added at the end. */
export function withTwin(values: readonly ConfigValue[], settings: SavedSettings): ShownValue[] {
  const wanted = Object.entries(settings)
    // What is said of one input goes over what is said of all.
    .toSorted(([a], [b]) => Number(a === 'telemetry.inputs') - Number(b === 'telemetry.inputs'))
    .flatMap(([id, { value, version }]) =>
      leavesOf(id.split('.'), value).map((leaf) => ({ ...leaf, version })),
    )
    .flatMap(({ path, value, version }) =>
      placesFor(path, values).map((place) => ({ path: place, value: inFile(path, value), version })),
    );
  const byPath = new Map(wanted.map((each) => [formatPath(each.path), each]));
  const source = (version: number) => ({ kind: 'twin', version }) as const;
  const shown = values.map((each): ShownValue => {
    const set = byPath.get(formatPath(each.path));
    if (set === undefined) return each;
    byPath.delete(formatPath(each.path));
    return { ...each, value: set.value, source: source(set.version), over: describeSource(each.source) };
  });
  const added = [...byPath.values()].map(({ path, value, version }) => ({
    path,
    value,
    source: source(version),
  }));
  return [...shown, ...added];
}

interface Leaf {
  readonly path: readonly string[];
  readonly value: unknown;
}

function leavesOf(path: readonly string[], value: unknown): Leaf[] {
  if (!isMapping(value)) return [{ path, value }];
  return Object.entries(value).flatMap(([key, inside]) => leavesOf([...path, key], inside));
}

/** Where in the configuration a property of the twin stands. */
function placesFor(path: readonly string[], values: readonly ConfigValue[]): KeyPath[] {
  const id = path.join('.');
  if (id === 'connection.proxy') return [['proxy']];
  if (id === 'connection.endpoint') return [['provisioning', 'global_endpoint']];
  if (id === 'telemetry.intervalSeconds')
    return values
      .map((value) => value.path)
      .filter((at) => isInput(at) && at.length === 4 && at[3] === 'interval');
  const [component, property, name, ...rest] = path;
  if (component === 'telemetry' && property === 'inputs' && name !== undefined) {
    const named = values.find(({ path: at, value }) => isInput(at) && at[3] === 'name' && value === name);
    return named === undefined ? [path.map(keyFor)] : [[...named.path.slice(0, 3), ...rest.map(keyFor)]];
  }
  return [path.map(keyFor)];
}

function isInput([section, list]: KeyPath): boolean {
  return section === 'telemetry' && list === 'inputs';
}

/** `maxDelaySeconds` is `max_delay`; what a file gives in bytes is mostly called so there, too. */
function keyFor(property: string): string {
  if (property === 'minFreeBytes') return 'min_free';
  return property.replace(/Seconds$/, '').replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function inFile(path: readonly string[], value: unknown): unknown {
  if (path.at(-1)?.endsWith('Seconds') !== true || typeof value !== 'number') return value;
  return Number.isInteger(value) ? `${value}s` : `${Math.round(value * 1000)}ms`;
}
