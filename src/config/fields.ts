import * as v from 'valibot';
import { byteSizeForm, parseByteSize } from './byte-size.ts';
import { durationForm, parseDuration } from './duration.ts';
import { expected, found, isMapping, listed, quotesHint, type Parsed } from './found.ts';
import type { Form } from './forms.ts';
import type { KeyPath } from './positions.ts';
import { closest } from './suggest.ts';

/** One value of config.yaml: any YAML scalar or collection in, the program's own type out. */
export type Field<T> = v.GenericSchema<unknown, T>;

/**
 * Makes a schema of a function that reads one value; its sentence becomes the problem's message. `form` is carried along for
 * `json-schema.ts`.
 */
export function field<T>(parse: (input: unknown) => Parsed<T>, form: Form): Field<T> {
  const schema: Field<T> = v.pipe(
    v.unknown(),
    v.rawTransform<unknown, T>(({ dataset, addIssue, NEVER }) => {
      const parsed = parse(dataset.value);
      if ('value' in parsed) return parsed.value;
      addIssue({ message: parsed.problem });
      return NEVER;
    }),
  );
  return Object.assign(schema, { form });
}

/**
 * A mapping with known keys. Keys it does not know are left to `spelling.ts`, which reports every one of them and
 * what may have been meant; valibot's `strictObject` stops at the first and takes `constructor` for a known one.
 */
export function section<const Entries extends v.ObjectEntries>(entries: Entries): Section<Entries> {
  return v.pipe(
    v.custom<v.InferInput<v.ObjectSchema<Entries, undefined>>>(isMapping, (issue) =>
      expected(`a mapping with ${namedKeys(entries)}`, issue.input),
    ),
    v.object(entries, (issue) => missingKey(entries, issue)),
  );
}

export type Section<Entries extends v.ObjectEntries> = v.GenericSchema<
  v.InferInput<v.ObjectSchema<Entries, undefined>>,
  v.InferOutput<v.ObjectSchema<Entries, undefined>>
>;

/** A section that may be left out, or left empty because everything in it is commented out. */
export function optionalSection<Input, Output>(
  schema: v.GenericSchema<Input, Output>,
): v.GenericSchema<Input | null | undefined, Output> {
  return v.nullish(schema, {} as v.InferInput<typeof schema>) as v.GenericSchema<
    Input | null | undefined,
    Output
  >;
}

/** What a key is when it is not there, in the words of a file; `undefined`: it has no place in this section. */
export type Preset = (section: Readonly<Record<string, unknown>>, path: KeyPath) => unknown;

/**
 * A key that goes only with some of the others of its section: a default of the schema's own would count as given, so what
 * reads the section fills it in. `preset` tells people what that is, from the section as the file has it; it is carried
 * along for `layers/values.ts`.
 */
export function filledIn<Schema extends v.GenericSchema>(
  schema: Schema,
  preset: Preset,
): v.OptionalSchema<Schema, undefined> & { readonly preset: Preset } {
  return Object.assign(v.optional(schema), { preset });
}

/** A duration in milliseconds; the limits are written as they would be in the file. */
export function duration(minimum: string, maximum: string): Field<number> {
  const [minimumMs, maximumMs] = [limit(minimum), limit(maximum)];
  return field((input) => {
    const parsed = parseDuration(input);
    if ('problem' in parsed) return parsed;
    if (parsed.value >= minimumMs && parsed.value <= maximumMs) return parsed;
    return { problem: expected(`a duration from ${minimum} to ${maximum}`, input) };
  }, durationForm);
}

/** A size in bytes; the limits are written as they would be in the file. */
export function byteSize(minimum: string, maximum: string): Field<number> {
  const [least, most] = [minimum, maximum].map((text) => {
    const parsed = parseByteSize(text);
    if ('problem' in parsed) throw new Error(`cannot use ${text} as a limit: ${parsed.problem}`);
    return parsed.value;
  }) as [number, number];
  return field((input) => {
    const parsed = parseByteSize(input);
    if ('problem' in parsed || (parsed.value >= least && parsed.value <= most)) return parsed;
    return { problem: expected(`a size from ${minimum} to ${maximum}`, input) };
  }, byteSizeForm);
}

/** Any finite number within limits. */
export function decimal(minimum: number, maximum: number): Field<number> {
  return field(
    (input) =>
      typeof input === 'number' && input >= minimum && input <= maximum
        ? { value: input }
        : { problem: expected(`a number from ${minimum} to ${maximum}`, input) },
    { type: 'number', minimum, maximum },
  );
}

export function wholeNumber(minimum: number, maximum: number): Field<number> {
  return field(
    (input) => {
      if (Number.isInteger(input) && Number(input) >= minimum && Number(input) <= maximum) {
        return { value: Number(input) };
      }
      const hint = typeof input === 'string' && /^\d+$/.test(input) ? ': remove the quotes' : '';
      return { problem: expected(`a whole number from ${minimum} to ${maximum}`, input) + hint };
    },
    { type: 'integer', minimum, maximum },
  );
}

export const flag: Field<boolean> = field(
  (input) => {
    if (typeof input === 'boolean') return { value: input };
    return { problem: expected('true or false', input) + boolHint(input) };
  },
  { type: 'boolean' },
);

/** One word of a few. `refused` gives words that a reader may well try a sentence of their own. */
export function oneOf<const Word extends string>(
  words: readonly Word[],
  refused: Readonly<Record<string, string>> = {},
): Field<Word> {
  return field(
    (input) => {
      const word = words.find((candidate) => candidate === input);
      if (word !== undefined) return { value: word };
      if (typeof input !== 'string') return { problem: expected(listed(words), input) };
      if (Object.hasOwn(refused, input)) return { problem: `${found(input)} ${refused[input] ?? ''}` };
      const near = closest(input, words);
      const hint = near === undefined ? '' : `; did you mean ${found(near)}?`;
      return { problem: expected(listed(words), input) + hint };
    },
    { enum: words },
  );
}

/** Text of one form. `what` completes "expected …". */
export function text(what: string, form: RegExp): Field<string> {
  return field((input) => {
    if (typeof input !== 'string') return { problem: expected(what, input) + quotesHint(input) };
    return form.test(input) ? { value: input } : { problem: expected(what, input) };
  }, textForm(form));
}

/** A pattern with flags, such as that for Unicode, is none that every editor can read. */
function textForm({ source, flags }: RegExp): Form {
  return flags === '' ? { type: 'string', pattern: source } : { type: 'string', minLength: 1 };
}

/** The path of an issue, from the mapping or list whose check adds it. */
export function pathTo(
  first: string | number,
  ...rest: (string | number)[]
): [v.IssuePathItem, ...v.IssuePathItem[]] {
  const item = (key: string | number): v.UnknownPathItem => {
    return { type: 'unknown', origin: 'value', input: undefined, key, value: undefined };
  };
  return [item(first), ...rest.map(item)];
}

/**
 * Either text, which `parse` reads, or a mapping with known keys. `mapping` is carried along for `spelling.ts`, which
 * looks for the keys in it.
 */
export function textOrMapping<Text, Mapping>(
  parse: (input: unknown) => Parsed<Text>,
  form: Form,
  mapping: v.GenericSchema<unknown, Mapping>,
): Field<Text | Mapping> {
  const schema: Field<Text | Mapping> = v.pipe(
    v.unknown(),
    v.rawTransform<unknown, Text | Mapping>(({ dataset, addIssue, NEVER }) => {
      if (!isMapping(dataset.value)) {
        const parsed = parse(dataset.value);
        if ('value' in parsed) return parsed.value;
        addIssue({ message: parsed.problem });
        return NEVER;
      }
      const result = v.safeParse(mapping, dataset.value);
      if (result.success) return result.output;
      for (const { message, path } of result.issues)
        addIssue({ message, ...(path === undefined ? {} : { path }) });
      return NEVER;
    }),
  );
  return Object.assign(schema, { form, mapping });
}

/**
 * A mapping whose `type` says which schema it follows. `variants` is carried along for `spelling.ts`, which looks for
 * the keys of the right one.
 */
export function byType<Output>(
  variants: Readonly<Record<string, v.GenericSchema<unknown, Output>>>,
): Field<Output> {
  const type = oneOf(Object.keys(variants));
  const schema: Field<Output> = v.pipe(
    v.unknown(),
    v.rawTransform<unknown, Output>(({ dataset, addIssue, NEVER }) => {
      const given = dataset.value;
      if (!isMapping(given)) {
        addIssue({ message: expected('a mapping with keys such as name and type', given) });
        return NEVER;
      }
      const chosen = v.safeParse(type, given['type']);
      if (!chosen.success) {
        addIssue({ message: chosen.issues[0].message, path: pathTo('type') });
        return NEVER;
      }
      const result = v.safeParse(variants[chosen.output] ?? schema, given);
      if (result.success) return result.output;
      for (const { message, path } of result.issues)
        addIssue({ message, ...(path === undefined ? {} : { path }) });
      return NEVER;
    }),
  );
  return Object.assign(schema, { variants });
}

/** The sentence for a key that is not there and must be. */
export function missing(entry: v.GenericSchema): string {
  return v.safeParse(entry, undefined).issues?.[0].message ?? expected('a value', undefined);
}

/** Drops the keys whose value is `undefined`, so that an optional key is absent rather than undefined. */
export function present<T extends object>(record: T): { [Key in keyof T]?: Exclude<T[Key], undefined> } {
  const entries = Object.entries(record).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [Key in keyof T]?: Exclude<T[Key], undefined> };
}

function missingKey(entries: v.ObjectEntries, issue: v.ObjectIssue): string {
  const key = issue.path?.at(-1)?.key;
  const entry = typeof key === 'string' ? entries[key] : undefined;
  return entry === undefined ? expected('a mapping', issue.input) : missing(entry);
}

function namedKeys(entries: v.ObjectEntries): string {
  const keys = Object.keys(entries);
  return keys.length === 1 ? `the key ${keys.join('')}` : `keys such as ${keys.slice(0, 2).join(' and ')}`;
}

function limit(text: string): number {
  const parsed = parseDuration(text);
  if ('problem' in parsed) throw new Error(`cannot use ${text} as a limit: ${parsed.problem}`);
  return parsed.value;
}

function boolHint(input: unknown): string {
  if (typeof input !== 'string') return '';
  if (/^(yes|on|y|true)$/i.test(input)) return '; did you mean true?';
  if (/^(no|off|n|false)$/i.test(input)) return '; did you mean false?';
  return '';
}
