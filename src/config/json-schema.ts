import type * as v from 'valibot';
import type { Preset } from './fields.ts';
import type { Form } from './forms.ts';

/** A JSON Schema (draft 7, which is what editors know), as far as this file makes use of it. */
export interface JsonSchema extends Omit<Form, 'type' | 'enum' | 'items' | 'additionalProperties' | 'anyOf'> {
  readonly $schema?: string;
  readonly title?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly items?: JsonSchema;
  readonly maxItems?: number;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: JsonSchema | boolean;
  readonly anyOf?: readonly JsonSchema[];
  readonly allOf?: readonly { readonly if: JsonSchema; readonly then: JsonSchema }[];
}

export interface JsonSchemaOptions {
  /** What people are told of the key at a path such as `telemetry.inputs.file.path`, where `file` is the `type`. */
  readonly describe: (path: readonly string[]) => string | undefined;
  /** Other names of the keys of a section, which are taken but not recommended: each with the key that it stands for. */
  readonly aliases: (path: readonly string[]) => Readonly<Record<string, string>>;
  /** Keys of the whole that are taken for whatever they hold, and ignored. */
  readonly ignored: Readonly<Record<string, string>>;
}

/**
 * What an editor is told of the configuration. It says which keys there are, and what form each value has; what goes with
 * what, and what a value means, only the program knows (`config validate`).
 */
export function jsonSchema(schema: v.GenericSchema, options: JsonSchemaOptions): JsonSchema {
  const whole = new SchemaWriter(options).write(schema, []);
  const ignored = Object.entries(options.ignored).map(([key, description]) => [key, { description }]);
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'dps-agent',
    ...whole,
    properties: { ...whole.properties, ...(Object.fromEntries(ignored) as Record<string, JsonSchema>) },
  };
}

/** What valibot's schemas carry, and what `fields.ts` hangs on them. */
interface Shape {
  readonly type: string;
  readonly entries?: v.ObjectEntries;
  readonly item?: v.GenericSchema;
  readonly wrapped?: v.GenericSchema;
  readonly default?: unknown;
  readonly preset?: Preset;
  readonly pipe?: readonly (v.GenericSchema | { readonly type: string; readonly requirement?: unknown })[];
  readonly form?: Form;
  readonly mapping?: v.GenericSchema;
  readonly named?: v.GenericSchema;
  readonly variants?: Readonly<Record<string, v.GenericSchema>>;
}

class SchemaWriter {
  readonly #options: JsonSchemaOptions;

  constructor(options: JsonSchemaOptions) {
    this.#options = options;
  }

  write(schema: v.GenericSchema, path: readonly string[]): JsonSchema {
    const shape: Shape = schema;
    if (shape.wrapped !== undefined) return this.#optional(shape, shape.wrapped, path);
    if (shape.mapping !== undefined)
      return { anyOf: [orVariable(shape.form ?? {}), this.write(shape.mapping, path)] };
    if (shape.form !== undefined) return orVariable(shape.form);
    if (shape.variants !== undefined) return this.#byType(shape.variants, path);
    if (shape.named !== undefined)
      return { type: 'object', minProperties: 1, additionalProperties: this.write(shape.named, path) };
    if (shape.item !== undefined) return this.#list(shape.item, shape, path);
    if (shape.entries !== undefined) return this.#section(shape.entries, path);
    for (const part of shape.pipe ?? []) {
      const inner = part === schema || !('kind' in part) ? {} : this.write(part, path);
      if (Object.keys(inner).length > 0) return inner;
    }
    return {};
  }

  #optional(shape: Shape, wrapped: v.GenericSchema, path: readonly string[]): JsonSchema {
    const { type } = shape;
    const preset = usualPreset(shape, path);
    const inner = this.write(wrapped, path);
    // A section may stand there with nothing in it but comments.
    const schema = type === 'nullish' && typeof inner.type === 'string' ? orNothing(inner) : inner;
    const isTold = preset !== undefined && inner.properties === undefined;
    return isTold ? { ...schema, default: preset } : schema;
  }

  #section(entries: v.ObjectEntries, path: readonly string[]): JsonSchema {
    const properties = Object.entries(entries).map(([key, entry]) => [
      key,
      this.#described(entry, [...path, key]),
    ]);
    const aliases = Object.entries(this.#options.aliases(path)).map(([alias, key]) => [
      alias,
      {
        ...this.#described(entries[key] as v.GenericSchema, [...path, key]),
        description: `Another name of ${key}.`,
      },
    ]);
    const required = Object.keys(entries).filter((key) => !isOptional(entries[key]));
    return {
      type: 'object',
      properties: Object.fromEntries([...properties, ...aliases]) as Record<string, JsonSchema>,
      ...(required.length === 0 ? {} : { required }),
      additionalProperties: false,
    };
  }

  #described(schema: v.GenericSchema, path: readonly string[]): JsonSchema {
    const description = this.#options.describe(path);
    return { ...(description === undefined ? {} : { description }), ...this.write(schema, path) };
  }

  #list(item: v.GenericSchema, { pipe = [] }: Shape, path: readonly string[]): JsonSchema {
    const limit = (type: string): unknown =>
      pipe
        .map((part) => (part.type === type && 'requirement' in part ? part.requirement : undefined))
        .find(Number);
    const [least, most] = [limit('min_length'), limit('max_length')];
    return {
      type: 'array',
      items: this.write(item, path),
      ...(typeof least === 'number' ? { minItems: least } : {}),
      ...(typeof most === 'number' ? { maxItems: most } : {}),
    };
  }

  /** Which of the variants is told by `type` first, so that an editor complains of the keys of that one only. */
  #byType(variants: Readonly<Record<string, v.GenericSchema>>, path: readonly string[]): JsonSchema {
    const type = { enum: Object.keys(variants) };
    return {
      type: 'object',
      properties: { type },
      required: ['type'],
      allOf: Object.entries(variants).map(([name, variant]) => ({
        if: { properties: { type: { enum: [name] } }, required: ['type'] },
        then: this.write(variant, [...path, name]),
      })),
    };
  }
}

/** Sections in which a key that goes only with some of the others has its place. */
const usualSections = [{}, { source: 'dps' }, { command: [] }];

/** What is taken for a key that is not there, where it has its place at all. */
function usualPreset({ default: preset, preset: filledIn }: Shape, path: readonly string[]): unknown {
  if (filledIn === undefined) return preset;
  // What is told by the place in a list is no default of the key's.
  if (filledIn.length > 1) return undefined;
  return usualSections.map((section) => filledIn(section, path)).find((value) => value !== undefined);
}

function isOptional(entry: v.ObjectEntries[string] | undefined): boolean {
  return entry?.type === 'optional' || entry?.type === 'nullish';
}

function orNothing(schema: JsonSchema): JsonSchema {
  return { ...schema, type: [String(schema.type), 'null'] };
}

/** In place of any value a text may refer to a variable of the environment: `${NAME:-10s}`. */
function orVariable(form: Form): JsonSchema {
  const takesText = [form.type].flat().includes('string');
  if (takesText && form.pattern === undefined) return form;
  if (takesText) return { ...form, pattern: `${form.pattern ?? ''}|\\$\\{` };
  const inner = form.items === undefined ? form : { ...form, items: orVariable(form.items) };
  return { anyOf: [...(inner.anyOf ?? [inner]), { type: 'string', pattern: '\\$\\{' }] };
}
