import type * as v from 'valibot';
import type { Preset } from '../fields.ts';
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
    const section = isMapping(value) ? value : {};
    return Object.entries(keys).flatMap(([key, entry]) => {
      const inner: v.GenericSchema = entry;
      const given = Object.hasOwn(section, key) ? section[key] : undefined;
      const present = given ?? presetOf(inner, section, path, given === null);
      return visit(inner, present, [...path, key], isSaid && given !== undefined && given !== null);
    });
  };
  return visit(schema, document, [], true);
}

/** What a key is when it is not there: by `v.optional` and `v.nullish`, or by `filledIn`. */
function presetOf(
  schema: v.GenericSchema & Shape,
  section: Readonly<Record<string, unknown>>,
  path: KeyPath,
  isEmpty: boolean,
): unknown {
  if (schema.preset !== undefined) return schema.preset(section, path);
  if (schema.default !== undefined) return schema.default;
  // A section that is there and empty, though it need not be there.
  return isEmpty && schema.wrapped !== undefined
    ? presetOf(schema.wrapped, section, path, isEmpty)
    : undefined;
}

interface Shape {
  readonly preset?: Preset;
  readonly default?: unknown;
  readonly wrapped?: v.GenericSchema & Shape;
}

/** The document that these values stand in. Without those that are not set. */
export function documentOf(values: readonly Pick<ConfigValue, 'path' | 'value'>[]): unknown {
  const root: { document?: unknown } = {};
  for (const { path, value } of values) {
    if (value === undefined || value === null) continue;
    let [at, key]: [Record<string | number, unknown>, string | number] = [root, 'document'];
    for (const next of path) {
      const inside: unknown = at[key] ?? (typeof next === 'number' ? [] : {});
      at[key] = inside;
      [at, key] = [inside as Record<string | number, unknown>, next];
    }
    at[key] = value;
  }
  return root.document ?? {};
}
