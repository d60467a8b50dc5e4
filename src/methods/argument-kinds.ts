import * as v from 'valibot';
import { withoutSecrets } from '../lib/without-secrets.ts';

/** Of metadata; here, since arguments are made as soon as this file is loaded. */
const modelMark = 'dps-agent-model';

/** One argument of a method: any JSON in, the method's own type out. */
export type Argument<T> = v.GenericSchema<unknown, T>;

/** What reading one value gives: the value as the method wants it, or what was expected instead. */
type Parsed<T> = { readonly value: T } | { readonly expected: string };

/**
 * Makes a schema of a function that reads one value, and a sentence of what it does not take.
 * @param model the same as DTDL v2 has it, for `modelOf`
 */
export function argument<T>(parse: (given: unknown) => Parsed<T>, model: unknown = 'string'): Argument<T> {
  return v.pipe(
    v.unknown(),
    v.rawTransform<unknown, T>(({ dataset, addIssue, NEVER }) => {
      const parsed = parse(dataset.value);
      if ('value' in parsed) return parsed.value;
      addIssue({ message: expectedButFound(parsed.expected, dataset.value) });
      return NEVER;
    }),
    v.metadata({ [modelMark]: model }),
  );
}

/** Marks an argument whose value is told to nobody: neither logged nor quoted when it is refused. */
export function secret<T>(schema: Argument<T>): Argument<T> {
  return v.pipe(schema, v.metadata({ [mark]: true }));
}

export function oneOf<const Word extends string>(words: readonly Word[]): Argument<Word> {
  return argument((given) => {
    const word = words.find((candidate) => candidate === given);
    return word === undefined ? { expected: listed(words) } : { value: word };
  }, enumOf(words));
}

export function wholeNumber(minimum: number, maximum: number): Argument<number> {
  return argument(
    (given) =>
      Number.isInteger(given) && Number(given) >= minimum && Number(given) <= maximum
        ? { value: Number(given) }
        : { expected: `a whole number from ${minimum} to ${maximum}` },
    'integer',
  );
}

export const flag: Argument<boolean> = argument(
  (given) => (typeof given === 'boolean' ? { value: given } : { expected: 'true or false' }),
  'boolean',
);

/** @param what completes "expected …" */
export function text(what: string, form = /^[^]{1,1024}$/): Argument<string> {
  return argument((given) =>
    typeof given === 'string' && form.test(given) ? { value: given } : { expected: what },
  );
}

/** A time of day of some day, or how long ago. */
export type Moment = { readonly atMs: number } | { readonly agoMs: number };

/** ISO 8601 with its zone, such as `2026-11-22T09:30:00Z`; or so long ago: `90s`, `10m`, `2h`, `1d`. */
export const moment: Argument<Moment> = argument<Moment>((given) => {
  const what = { expected: 'a time such as "2026-11-22T09:30:00Z", or how long ago, such as "10m"' };
  if (typeof given !== 'string') return what;
  const [, count, unit = ''] = /^(\d{1,9})([smhd])$/.exec(given) ?? [];
  if (count !== undefined) return { value: { agoMs: Number(count) * (unitMs[unit] ?? 0) } };
  const atMs = /^\d{4}-\d\d-\d\dT.*(Z|[+-]\d\d:\d\d)$/.test(given) ? Date.parse(given) : NaN;
  return Number.isNaN(atMs) ? what : { value: { atMs } };
});

/** On the wall clock, in milliseconds since 1970. */
export function momentMs(when: Moment, nowMs: number): number {
  return 'atMs' in when ? when.atMs : nowMs - when.agoMs;
}

/** Whether an argument was marked by `secret`. */
export function isSecret(schema: v.GenericSchema): boolean {
  const { pipe, wrapped }: Shape = schema as Shape;
  if (pipe?.some((part) => part.metadata !== undefined && Object.hasOwn(part.metadata, mark))) return true;
  return wrapped !== undefined && isSecret(wrapped);
}

/** What an argument is in DTDL v2; `undefined` where that has no word for it. */
export function modelOf(schema: v.GenericSchema): unknown {
  const { pipe, wrapped }: Shape = schema as Shape;
  const own = pipe?.find((part) => part.metadata !== undefined && Object.hasOwn(part.metadata, modelMark));
  if (own?.metadata !== undefined) return (own.metadata as Record<string, unknown>)[modelMark];
  const inner = wrapped ?? pipe?.[0];
  return inner === undefined || inner === schema ? undefined : modelOf(inner as v.GenericSchema);
}

/** The one form of "this is not what belongs here"; of long text the beginning, of collections the kind. */
export function expectedButFound(what: string, given: unknown): string {
  return given === undefined ? `missing: expected ${what}` : `expected ${what}, found ${found(given)}`;
}

function found(given: unknown): string {
  if (Array.isArray(given)) return 'a list';
  if (typeof given === 'object' && given !== null) return 'an object';
  if (typeof given !== 'string') return JSON.stringify(given);
  const characters = Array.from(withoutSecrets(given));
  const cut = characters.length > 40 ? `${characters.slice(0, 40).join('')}…` : characters.join('');
  return JSON.stringify(cut);
}

function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1) ?? ''}`;
}

const unitMs: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

const mark = 'dps-agent-secret';

function enumOf(words: readonly string[]): unknown {
  const enumValues = words.map((name) => ({ name, enumValue: name }));
  return { '@type': 'Enum', valueSchema: 'string', enumValues };
}

/** What valibot's schemas carry, as far as it matters here. */
interface Shape {
  readonly pipe?: readonly { readonly metadata?: object }[];
  readonly wrapped?: v.GenericSchema;
}
