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
    return Object.entries(keys).flatMap(([key, entry]) => {
      const inner = entry;
      const given = isMapping(value) && Object.hasOwn(value, key) ? value[key] : undefined;
      const preset = given ?? presetOf(inner) ?? implied(document, [...path, key]);
      return visit(inner, preset, [...path, key], isSaid && given !== undefined && given !== null);
    });
  };
  return visit(schema, document, [], true);
}

/** What a key is when it is not there, as `v.optional` and `v.nullish` have it. */
function presetOf(schema: v.GenericSchema): unknown {
  return 'default' in schema ? schema.default : undefined;
}

/** What the reading of the provisioning section takes for keys that belong to one source only. */
const impliedOfDps: Readonly<Record<string, unknown>> = {
  global_endpoint: 'https://global.azure-devices-provisioning.net',
  dynamic_reprovisioning: true,
  always_reprovision_on_startup: false,
  deadline: '2m',
};

function implied(document: unknown, [section, key, ...deeper]: KeyPath): unknown {
  if (section !== 'provisioning' || typeof key !== 'string' || deeper.length > 0) return undefined;
  const provisioning = isMapping(document) ? document['provisioning'] : undefined;
  if (!isMapping(provisioning) || provisioning['source'] !== 'dps') return undefined;
  const isMode = key !== 'global_endpoint' && key !== 'deadline';
  if (isMode && 'auto_reprovisioning_mode' in provisioning) return undefined;
  return Object.hasOwn(impliedOfDps, key) ? impliedOfDps[key] : undefined;
}
