import type * as v from 'valibot';
import { isMapping } from '../found.ts';
import type { KeyPath } from '../positions.ts';
import { itemOf, knownKeys } from '../spelling.ts';
import type { ValueSource } from './source.ts';

/** One value of the configuration, as it would stand in a file. */
export interface ConfigValue {
  readonly path: KeyPath;
  /** `undefined`: it is not set, and nothing is taken for it. */
  readonly value: unknown;
  readonly source: ValueSource;
}

/** Every key that the schema knows here, with its value and who has said it, in the order of the schema. */
export function valuesIn(
  schema: v.GenericSchema,
  document: unknown,
  sourceOf: (path: KeyPath) => ValueSource,
): ConfigValue[] {
  const defaults = { kind: 'default' } as const;
  const visit = (at: v.GenericSchema, value: unknown, path: KeyPath, isSaid: boolean): ConfigValue[] => {
    const item = itemOf(at);
    if (item !== undefined && Array.isArray(value) && value.length > 0)
      return value.flatMap((element, index) => visit(item, element, [...path, index], isSaid));
    const keys = isMapping(value) ? knownKeys(at, value) : undefined;
    if (keys === undefined) return [{ path, value, source: isSaid ? sourceOf(path) : defaults }];
    const implied = new Map(Object.entries(impliedIn(path, value)));
    return Object.entries(keys).flatMap(([key, entry]) => {
      const inner = entry;
      const given = isMapping(value) && Object.hasOwn(value, key) ? value[key] : undefined;
      const preset = given ?? presetOf(inner) ?? implied.get(key);
      return visit(inner, preset, [...path, key], isSaid && given !== undefined && given !== null);
    });
  };
  return visit(schema, document, [], true);
}

/** What a key is when it is not there, as `v.optional` and `v.nullish` have it. */
function presetOf(schema: v.GenericSchema): unknown {
  return 'default' in schema ? schema.default : undefined;
}

/**
 * What the reading of a section takes for keys that only go with some of the others: those have no default of their own in
 * the schema.
 */
function impliedIn(path: KeyPath, given: unknown): Readonly<Record<string, unknown>> {
  if (!isMapping(given)) return {};
  const place = path.map((key) => (typeof key === 'number' ? '0' : key)).join('.');
  switch (place) {
    case 'provisioning':
      return given['source'] === 'dps' ? impliedOfDps(given) : {};
    case 'local_api':
      return { mode: 'group' in given ? '0660' : '0600' };
    case 'telemetry.inputs.0':
      return given['type'] === 'exec' && given['mode'] !== 'lines'
        ? { interval: '60s', timeout: '10s', max_output: '64KB' }
        : {};
    default:
      return {};
  }
}

function impliedOfDps(given: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const always = { global_endpoint: 'https://global.azure-devices-provisioning.net', deadline: '2m' };
  // IoT Edge 1.2 and later say the same in one key.
  if ('auto_reprovisioning_mode' in given) return always;
  return { ...always, dynamic_reprovisioning: true, always_reprovision_on_startup: false };
}
