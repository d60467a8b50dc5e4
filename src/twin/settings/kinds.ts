import { isJsonObject } from '../../lib/json.ts';
import type { JsonObject } from '../../lib/json.ts';

/** The value as the program wants it, or the sentence that says what is wrong. */
export type Checked<T> = { readonly value: T } | { readonly problem: string };

/** The word a person most likely meant. */
export type Closest = (word: string, candidates: readonly string[]) => string | undefined;

/** A schema of DTDL v2. */
export type Schema = string | { readonly '@type': string; readonly [key: string]: unknown };

/** What values a setting takes. */
export interface Kind<T> {
  /** Completes "must be …". */
  readonly words: string;
  /** `undefined` for what DTDL v2 cannot say of a property, such as a list. */
  readonly schema: Schema | undefined;
  /** `name` is what the value is called in the sentence; the sentence contains nothing that may be a secret. */
  check(name: string, value: unknown): Checked<T>;
}

export function integer(minimum: number, maximum: number): Kind<number> {
  const words = `a whole number from ${minimum} to ${maximum}`;
  const schema = maximum > 2 ** 31 - 1 ? 'long' : 'integer';
  return simple(words, schema, (value) => isNumber(value, minimum, maximum) && Number.isInteger(value));
}

export function decimal(minimum: number, maximum: number): Kind<number> {
  const words = `a number from ${minimum} to ${maximum}`;
  return simple(words, 'double', (value) => isNumber(value, minimum, maximum));
}

export const flag: Kind<boolean> = simple('true or false', 'boolean', (value) => typeof value === 'boolean');

export function word<const Word extends string>(words: readonly Word[]): Kind<Word> {
  const schema = {
    '@type': 'Enum',
    valueSchema: 'string',
    enumValues: words.map((name) => ({ name, enumValue: name })),
  };
  return simple(`one of ${words.join(', ')}`, schema, (value) => words.some((known) => known === value));
}

/** Text that `fault` finds nothing wrong with; its sentence follows the name, and must not show a secret. */
export function text(words: string, fault: (value: string) => string | undefined): Kind<string> {
  return {
    words,
    schema: 'string',
    check: (name, value) => {
      if (typeof value !== 'string') return { problem: `${name} must be ${words}, not ${kindOf(value)}` };
      const problem = fault(value);
      return problem === undefined ? { value } : { problem: `${name}: ${problem}` };
    },
  };
}

/** One or more of the words, each once. */
export function words<const Word extends string>(known: readonly Word[]): Kind<readonly Word[]> {
  const sentence = `a list of one or more of ${known.join(', ')}`;
  return {
    words: sentence,
    schema: undefined,
    check: (name, value) => {
      if (!Array.isArray(value) || value.length === 0)
        return { problem: `${name} must be ${sentence}, not ${shown(value)}` };
      const items: readonly unknown[] = value;
      const found = items.map((item) => known.find((candidate) => candidate === item));
      const stranger = found.indexOf(undefined);
      if (stranger >= 0)
        return { problem: `${name} must be ${sentence}, not one with ${shown(items[stranger])} in it` };
      return { value: [...new Set(found.filter((item) => item !== undefined))] };
    },
  };
}

interface Field<T> {
  readonly kind: Kind<T>;
  readonly description: string;
}

export type Fields<T> = { readonly [Key in keyof T]-?: Field<Exclude<T[Key], undefined>> };

/** An object with any of these fields; what is absent is as configured. */
export function fields<T extends object>(known: Fields<T>, closest: Closest): Kind<T> {
  const names = Object.keys(known);
  const entries = new Map<string, Field<unknown>>(Object.entries(known));
  const sentence = `an object with any of ${names.join(', ')}`;
  return {
    words: sentence,
    schema: { '@type': 'Object', fields: [...entries].flatMap(([name, field]) => schemaOf(name, field)) },
    check: (name, value) => {
      if (!isJsonObject(value)) return { problem: `${name} must be ${sentence}, not ${shown(value)}` };
      const checked: [string, unknown][] = [];
      for (const [key, item] of Object.entries(value)) {
        const field = entries.get(key);
        if (field === undefined) return { problem: unknownName(`${name}.${key}`, key, names, closest) };
        const result = field.kind.check(`${name}.${key}`, item);
        if ('problem' in result) return result;
        checked.push([key, result.value]);
      }
      return { value: Object.fromEntries(checked) as T };
    },
  };
}

/** Names, of which nothing is known here, with a value each. */
export function map<T>(what: string, kind: Kind<T>): Kind<Readonly<Record<string, T>>> {
  const sentence = `an object of ${what}`;
  return {
    words: `${sentence}, each with ${kind.words}`,
    schema: {
      '@type': 'Map',
      mapKey: { name: 'name', schema: 'string' },
      mapValue: { name: 'value', schema: kind.schema },
    },
    check: (name, value) => {
      if (!isJsonObject(value)) return { problem: `${name} must be ${sentence}, not ${shown(value)}` };
      const checked: [string, T][] = [];
      for (const [key, item] of Object.entries(value)) {
        const result = kind.check(`${name}.${key}`, item);
        if ('problem' in result) return result;
        checked.push([key, result.value]);
      }
      return { value: Object.fromEntries(checked) };
    },
  };
}

/** The sentence for a name that means nothing here. */
export function unknownName(path: string, name: string, known: readonly string[], closest: Closest): string {
  const near = closest(name, known);
  const hint = near === undefined ? `known here: ${known.join(', ')}` : `did you mean ${near}?`;
  return `${cut(path)} is unknown; ${hint}`;
}

/** A value for a sentence: short, of objects and lists only what they are. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(cut(value));
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : kindOf(value);
}

function cut(value: string): string {
  return value.length > 60 ? `${value.slice(0, 60)}…` : value;
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (isJsonObject(value)) return 'an object';
  return value === null ? 'null' : `a ${typeof value}`;
}

function schemaOf(name: string, { kind, description }: Field<unknown>): JsonObject[] {
  return kind.schema === undefined ? [] : [{ name, description, schema: kind.schema }];
}

function simple<T>(words: string, schema: Schema, holds: (value: unknown) => boolean): Kind<T> {
  return {
    words,
    schema,
    check: (name, value) =>
      holds(value) ? { value: value as T } : { problem: `${name} must be ${words}, not ${shown(value)}` },
  };
}

function isNumber(value: unknown, minimum: number, maximum: number): value is number {
  return typeof value === 'number' && value >= minimum && value <= maximum;
}
