import * as v from 'valibot';
import {
  decimal,
  duration,
  field,
  optionalSection,
  pathTo,
  present,
  section,
  textOrMapping,
  wholeNumber,
  type Field,
} from '../fields.ts';
import { forms, oneOrMore } from '../forms.ts';
import { expected, found, isMapping, listed, type Parsed } from '../found.ts';
import { fitting, type Misfit } from '../misfit.ts';
import { closest } from '../suggest.ts';

/** By how much a value has to move to be worth reporting; `any`: a change of any kind. */
export type Band = { readonly by: number } | { readonly percent: number } | 'any';

export interface Scale {
  readonly factor: number;
  readonly offset: number;
  /** Decimals kept; absent: all of them. */
  readonly round?: number;
}

/** What a window tells of a value. */
export const figures = ['min', 'mean', 'max', 'last', 'count'] as const;
export type Figure = (typeof figures)[number];

/**
 * One thing that is done to readings. The keys of `scale`, `report_on_change` and `window` are names of values or
 * patterns, in which `*` stands for any text.
 */
export type ProcessingStep =
  | { readonly kind: 'rename'; readonly names: Readonly<Record<string, string>> }
  | { readonly kind: 'select'; readonly patterns: readonly string[] }
  | { readonly kind: 'scale'; readonly values: Readonly<Record<string, Scale>> }
  | {
      readonly kind: 'report_on_change';
      readonly values: Readonly<Record<string, Band>>;
      readonly maxSilenceMs: number;
    }
  | {
      readonly kind: 'window';
      readonly everyMs: number;
      readonly values: Readonly<Record<string, readonly Figure[]>>;
    };

/** What is done to readings on their way, step by step. */
export type ProcessingConfig = readonly ProcessingStep[];

const valueName = 'a name of 1 to 128 characters';

const factor = decimal(-1e12, 1e12);

/** A factor alone, or a mapping. */
const scale = textOrMapping(
  parseFactor,
  { type: 'number' },
  v.pipe(
    v.unknown(),
    fitting(unknownScaleKeys),
    section({
      factor: v.optional(factor, 1),
      offset: v.optional(factor, 0),
      round: v.optional(wholeNumber(0, 10)),
    }),
    v.transform((input): Scale => ({
      factor: input.factor,
      offset: input.offset,
      ...present({ round: input.round }),
    })),
  ),
);

const rename = v.pipe(
  named('a mapping of old names to new ones', field(parseName, forms.someText)),
  differentTargets(),
);

const steps = {
  rename: v.optional(rename),
  select: v.optional(
    v.pipe(
      v.array(field(parseName, forms.someText), (issue) => expected('a list of names', issue.input)),
      v.minLength(1, 'expected at least one name, found an empty list'),
    ),
  ),
  scale: v.optional(named('a mapping of names to factors', scale)),
  report_on_change: v.optional(
    optionalSection(
      section({
        values: v.optional(named('a mapping of names to bands', field(parseBand, forms.band)), {
          '*': 'any',
        }),
        max_silence: v.optional(duration('1s', '7d'), '1h'),
      }),
    ),
  ),
  window: v.optional(
    section({
      every: duration('1s', '1d'),
      values: v.optional(
        named('a mapping of names to lists of figures', field(parseFigures, oneOrMore(figures))),
        {
          '*': ['min', 'mean', 'max'],
        },
      ),
    }),
  ),
};

const step = v.pipe(section(steps), exactlyOne(), v.transform(toStep));

export const processing: v.GenericSchema<unknown, ProcessingConfig> = v.array(step, (issue) =>
  expected('a list of steps, each beginning with - and its name', issue.input),
);

type StepInput = v.InferOutput<v.ObjectSchema<typeof steps, undefined>>;

function toStep(input: StepInput): ProcessingStep {
  if (input.rename !== undefined) return { kind: 'rename', names: input.rename };
  if (input.select !== undefined) return { kind: 'select', patterns: input.select };
  if (input.scale !== undefined) return { kind: 'scale', values: input.scale };
  if (input.report_on_change !== undefined) {
    const { values, max_silence: maxSilenceMs } = input.report_on_change;
    return { kind: 'report_on_change', values, maxSilenceMs };
  }
  if (input.window !== undefined)
    return { kind: 'window', everyMs: input.window.every, values: input.window.values };
  throw new Error('cannot read the configuration: a step of no kind was not refused');
}

/** A list keeps the order of its steps; a mapping of several would not say which is first. */
function exactlyOne<T>(): v.RawCheckAction<T> {
  return v.rawCheck(({ dataset, addIssue }) => {
    const given: unknown = dataset.value;
    if (!isMapping(given)) return;
    const names = Object.keys(given).filter((name) => name in steps && given[name] !== undefined);
    const what = `one step: ${listed(Object.keys(steps))}`;
    if (names.length === 0) addIssue({ message: `expected ${what}` });
    if (names.length > 1)
      addIssue({ message: `expected ${what}, found ${listed(names, 'and')}: write - before each` });
  });
}

/** A mapping whose keys are names of values; what is wrong is reported at each of them. */
function named<T>(what: string, value: Field<T>): Field<Readonly<Record<string, T>>> {
  const schema: Field<Readonly<Record<string, T>>> = v.pipe(
    v.unknown(),
    v.rawTransform<unknown, Readonly<Record<string, T>>>(({ dataset, addIssue, NEVER }) => {
      const given = dataset.value;
      if (!isMapping(given) || Object.keys(given).length === 0) {
        addIssue({
          message: isMapping(given) ? `expected ${what}, found an empty one` : expected(what, given),
        });
        return NEVER;
      }
      const read = Object.entries(given).map(([name, content]) => {
        const parsedName = parseName(name);
        if ('problem' in parsedName) addIssue({ message: parsedName.problem, path: pathTo(name) });
        const result = v.safeParse(value, content);
        for (const { message, path } of result.issues ?? [])
          addIssue({ message, path: pathTo(name, ...(path ?? []).map(({ key }) => String(key))) });
        return [name, result.success ? result.output : undefined] as const;
      });
      return Object.fromEntries(read) as Readonly<Record<string, T>>;
    }),
  );
  // For `json-schema.ts`, which cannot see into a transform.
  return Object.assign(schema, { named: value });
}

function differentTargets<T>(): v.RawCheckAction<T> {
  return v.rawCheck(({ dataset, addIssue }) => {
    const given: unknown = dataset.value;
    if (!dataset.typed || !isMapping(given)) return;
    const targets = Object.values(given);
    for (const [index, [name, target]] of Object.entries(given).entries()) {
      if (targets.indexOf(target) === index) continue;
      addIssue({ message: `${found(target)} is the new name of another value already`, path: pathTo(name) });
    }
  });
}

function parseName(input: unknown): Parsed<string> {
  if (typeof input !== 'string' || input.length === 0 || input.length > 128)
    return { problem: expected(valueName, input) };
  return { value: input };
}

function parseFactor(input: unknown): Parsed<Scale> {
  const parsed = v.safeParse(factor, input);
  if (parsed.success) return { value: { factor: parsed.output, offset: 0 } };
  return { problem: expected('a factor, or a mapping with factor, offset and round', input) };
}

function unknownScaleKeys(given: Readonly<Record<string, unknown>>): Misfit[] {
  const known = ['factor', 'offset', 'round'];
  const unknown = Object.keys(given).filter((key) => !known.includes(key));
  return unknown.map((key) => {
    const near = closest(key, known);
    const hint = near === undefined ? `known here: ${listed(known, 'and')}` : `did you mean "${near}"?`;
    return { key, message: `unknown key; ${hint}` };
  });
}

function parseBand(input: unknown): Parsed<Band> {
  if (input === 'any') return { value: input };
  if (typeof input === 'number' && Number.isFinite(input) && input >= 0) return { value: { by: input } };
  const percent = typeof input === 'string' ? /^(\d+(?:\.\d+)?) ?%$/.exec(input)?.[1] : undefined;
  if (percent !== undefined && Number(percent) <= 1000) return { value: { percent: Number(percent) } };
  return { problem: expected('a number from 0, such as 0.5, a percentage, such as "2%", or any', input) };
}

function parseFigures(input: unknown): Parsed<readonly Figure[]> {
  const words: readonly unknown[] = Array.isArray(input) ? input : [input];
  const what = `one or more of ${listed(figures, 'and')}`;
  if (words.length === 0) return { problem: `expected ${what}, found an empty list` };
  const read: Figure[] = [];
  for (const word of words) {
    const figure = figures.find((candidate) => candidate === word);
    if (figure === undefined) return { problem: expected(what, word) + meant(word) };
    if (read.includes(figure)) return { problem: `${figure} stands there twice: remove one` };
    read.push(figure);
  }
  return { value: read };
}

function meant(word: unknown): string {
  const near = typeof word === 'string' ? closest(word, figures) : undefined;
  return near === undefined ? '' : `; did you mean ${found(near)}?`;
}
