import * as v from 'valibot';
import { isJsonObject } from '../lib/json.ts';
import type { JsonObject } from '../lib/json.ts';
import { formsOf, withoutSecrets } from '../lib/without-secrets.ts';
import { expectedButFound, isSecret, modelOf } from './argument-kinds.ts';
import type { Method } from './method.ts';
import { didYouMean } from './suggest.ts';
import type { Suggest } from './suggest.ts';

export type ReadArguments = { readonly args: unknown } | { readonly problem: string };

/**
 * What a method's schema makes of the caller's JSON. No body, `null` and `""`, which tools send for none, are no
 * arguments. The problem names every argument that is wrong: what was expected and what was found.
 */
export function readArguments({ args: schema }: Method, payload: unknown, suggest: Suggest): ReadArguments {
  const given = payload === undefined || payload === null || payload === '' ? {} : payload;
  if (!isJsonObject(given))
    return { problem: expectedButFound('the arguments as an object, by their names', given) };
  const known = entriesOf(schema);
  const unknown = known === undefined ? [] : unknownIn(given, Object.keys(known), suggest);
  if (schema === undefined)
    return unknown.length === 0 ? { args: {} } : { problem: `${unknown.join('; ')}; it takes no arguments` };
  const result = v.safeParse(schema, given);
  const wrong = (result.issues ?? []).map((issue) => problemOf(issue, known ?? {}));
  const problems = [...unknown, ...wrong];
  if (problems.length > 0 || !result.success) return { problem: problems.join('; ') };
  return { args: result.output };
}

/** For the log: no secret argument, none that is not known, and of the others no more than a line. */
export function shownArguments(method: Method | undefined, payload: unknown): JsonObject {
  if (!isJsonObject(payload)) return {};
  const known = entriesOf(method?.args) ?? {};
  const shown = Object.entries(payload).map(([name, value]): [string, unknown] => {
    const schema = Object.hasOwn(known, name) ? known[name] : undefined;
    if (schema === undefined) return [withoutSecrets(name).slice(0, longestName), '[unknown]'];
    return [name, isSecret(schema) ? '[secret]' : shownValue(value)];
  });
  return Object.fromEntries(shown.slice(0, mostShown));
}

/** A method's arguments in DTDL v2; `undefined` where it takes none that can be said in it. */
export function requestModel({ args }: Pick<Method, 'args'>): JsonObject | undefined {
  const fields = Object.entries(entriesOf(args) ?? {}).flatMap(([name, schema]) => {
    const model = modelOf(schema);
    return model === undefined ? [] : [{ name, schema: model }];
  });
  return fields.length === 0 ? undefined : { '@type': 'Object', fields };
}

/** The texts among the arguments that nobody is to be told, in whatever they may turn up. */
export function secretsIn({ args }: Method, payload: unknown): readonly string[] {
  if (!isJsonObject(payload)) return [];
  const known = entriesOf(args) ?? {};
  const texts = Object.entries(payload).flatMap(([name, value]) => {
    const schema = Object.hasOwn(known, name) ? known[name] : undefined;
    return schema !== undefined && isSecret(schema) ? textsIn(value) : [];
  });
  return formsOf(texts);
}

/** However deep; a word of a few letters is no secret, and would tear every sentence it is in. */
function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return value.length < 4 ? [] : [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

const longestName = 40;
const longestValue = 200;
const mostShown = 20;

function shownValue(value: unknown): unknown {
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return value;
  const text = withoutSecrets(typeof value === 'string' ? value : JSON.stringify(value));
  return text.length > longestValue ? `${text.slice(0, longestValue)}…` : text;
}

function unknownIn(given: JsonObject, known: readonly string[], suggest: Suggest): string[] {
  const unknown = Object.keys(given).filter((name) => !known.includes(name));
  return unknown.slice(0, mostShown).map((name) => {
    const others = known.length > 0 ? `; known are ${known.join(', ')}` : '';
    const hint = didYouMean(suggest, name, known) || others;
    return `unknown argument ${JSON.stringify(withoutSecrets(name).slice(0, longestName))}${hint}`;
  });
}

function problemOf(issue: v.BaseIssue<unknown>, known: Entries): string {
  const path = (issue.path ?? []).map(({ key }) => String(key));
  const [name = ''] = path;
  const schema = Object.hasOwn(known, name) ? known[name] : undefined;
  const given = issue.input;
  const sentence =
    given === undefined && schema !== undefined ? missing(schema) : sentenceOf(issue, schema, given);
  return path.length === 0 ? sentence : `${path.join('.')}: ${sentence}`;
}

/** Of a secret it is said what was expected, and nothing of what was found. */
function sentenceOf(
  issue: v.BaseIssue<unknown>,
  schema: v.GenericSchema | undefined,
  given: unknown,
): string {
  const isOwn = !issue.message.startsWith('Invalid ');
  const sentence = isOwn ? issue.message : expectedButFound(issue.expected ?? 'another value', given);
  return schema !== undefined && isSecret(schema) ? sentence.replace(/, found [^]*$/, '') : sentence;
}

function missing(schema: v.GenericSchema): string {
  const { message = '' } = v.safeParse(schema, undefined).issues?.[0] ?? {};
  return message.startsWith('missing: ') ? message : 'missing';
}

type Entries = Readonly<Record<string, v.GenericSchema>>;

/** The arguments by their names; `undefined` for a schema that is not one of an object's known keys. */
function entriesOf(schema: v.GenericSchema | undefined): Entries | undefined {
  if (schema === undefined) return {};
  const { entries, pipe, wrapped } = schema as Shape;
  if (entries !== undefined) return entries;
  if (wrapped !== undefined) return entriesOf(wrapped);
  return pipe?.[0] === undefined || pipe[0] === schema ? undefined : entriesOf(pipe[0]);
}

interface Shape {
  readonly entries?: Entries;
  readonly pipe?: readonly v.GenericSchema[];
  readonly wrapped?: v.GenericSchema;
}
