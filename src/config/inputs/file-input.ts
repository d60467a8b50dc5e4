import * as v from 'valibot';
import { decimal, field, filledIn, oneOf, present, section, text } from '../fields.ts';
import { forms } from '../forms.ts';
import { expected, found, type Parsed } from '../found.ts';
import { parseAbsolutePath } from '../file-uri.ts';
import { fitting, type Misfit } from '../misfit.ts';
import { common, commonEntries, interval, type InputCommon } from './common.ts';
import { valueName } from './value-name.ts';

export interface FileInputConfig extends InputCommon {
  readonly type: 'file';
  readonly intervalMs: number;
  /** Absolute; any segment may hold `*` and `?`. */
  readonly path: string;
  /** What the value is called: `{1}`, `{2}` … stand for what the wildcards took, `{file}` and `{dir}` for the path's end. */
  readonly value: string;
  readonly format: 'text' | 'w1';
  /** Finds the number in the text; absent: the first one. Only with format `text`. */
  readonly pattern?: RegExp;
  readonly scale: number;
  readonly offset: number;
}

const entries = section({
  type: oneOf(['file']),
  ...commonEntries,
  interval,
  path: field(parsePath, forms.absolutePath),
  value: filledIn(valueName, ({ format }) => valueOf(format)),
  format: v.optional(oneOf(['text', 'w1']), 'text'),
  pattern: v.optional(field(parsePattern, forms.someText)),
  scale: v.optional(decimal(-1e12, 1e12), 1),
  offset: v.optional(decimal(-1e12, 1e12), 0),
  unit: v.optional(
    text(
      'a unit in printable ASCII, such as degreeCelsius (as DTDL has it) or Cel (as UCUM has it)',
      /^[\x20-\x7e]{1,64}$/,
    ),
  ),
});

export const fileInput = v.pipe(entries, fitting(misfits), v.transform(toConfig));

/** A run of wildcards: what it takes is one of `{1}`, `{2}` … */
const wildcards = /[*?]+/g;
/** In one name, so that matching stays cheap whatever the names are. */
const mostWildcards = 3;

function toConfig(input: v.InferOutput<typeof entries>): FileInputConfig {
  const { type, path, format, scale, offset, unit } = input;
  const shared = common(input);
  return {
    type,
    ...shared,
    // The unit is the same for every value, and a property of a message costs less than a value of its own.
    properties: unit === undefined ? shared.properties : { ...shared.properties, unit },
    intervalMs: input.interval,
    path,
    value: input.value ?? valueOf(format),
    format,
    ...present({ pattern: input.pattern }),
    scale,
    offset,
  };
}

/** Every 1-Wire sensor's file has the same name; its folder has the sensor's ID. */
function valueOf(format: unknown): string {
  return format === 'w1' ? '{dir}' : '{file}';
}

function misfits(given: Readonly<Record<string, unknown>>): Misfit[] {
  const { pattern, format, unit, properties, path, value } = given;
  const list: Misfit[] = [];
  if (pattern !== undefined && format === 'w1')
    list.push({ key: 'pattern', message: 'belongs to format text, but format is w1: remove it' });
  if (unit !== undefined && typeof properties === 'object' && properties !== null && 'unit' in properties)
    list.push({
      key: 'unit',
      message: 'becomes the property unit, which stands in properties too: remove one',
    });
  const fault =
    typeof path === 'string' && typeof value === 'string' ? placeholderFault(path, value) : undefined;
  return fault === undefined ? list : [...list, { key: 'value', message: fault }];
}

function placeholderFault(path: string, value: string): string | undefined {
  const count = path.match(wildcards)?.length ?? 0;
  const wrong = value.match(/\{[^}]*\}?/g)?.find((placeholder) => {
    const number = /^\{([1-9]\d?)\}$/.exec(placeholder)?.[1];
    return number === undefined ? !['{dir}', '{file}'].includes(placeholder) : Number(number) > count;
  });
  if (wrong === undefined) return undefined;
  const numbers =
    count === 0 ? '' : `, and {1}${count === 1 ? '' : ` to {${count}}`} for the wildcards of path`;
  return `cannot fill in ${found(wrong)}: there are {dir} and {file}${numbers}`;
}

function parsePath(input: unknown): Parsed<string> {
  const what = 'the absolute path of a file, such as /sys/class/thermal/thermal_zone*/temp';
  const parsed = parseAbsolutePath(input);
  if ('problem' in parsed) return { problem: expected(what, input) };
  if (parsed.value.endsWith('/')) return { problem: `${expected(what, input)}, which names a directory` };
  if (parsed.value.includes('**'))
    return { problem: `${expected(what, input)}: write * for each folder in place of **` };
  const crowded = parsed.value
    .split('/')
    .find((name) => (name.match(wildcards)?.length ?? 0) > mostWildcards);
  if (crowded !== undefined)
    return { problem: `${expected(what, input)}: use at most ${mostWildcards} wildcards in one name` };
  return parsed;
}

const longestPattern = 500;

function parsePattern(input: unknown): Parsed<RegExp> {
  const what = 'a regular expression with the number in a group, such as temp=(-?[0-9.]+)';
  if (typeof input !== 'string' || input === '') return { problem: expected(what, input) };
  if (input.length > longestPattern)
    return { problem: `expected ${what}, found one of more than ${longestPattern} characters` };
  try {
    const pattern = new RegExp(input, 'm');
    return groupFault(input) ?? { value: pattern };
  } catch (error) {
    // The engine says the whole expression again before it says what is wrong with it.
    const reason = error instanceof Error ? (error.message.split(': ').at(-1) ?? '') : '';
    return { problem: `${expected(what, input)}: ${reason}` };
  }
}

/** One group, or one of several that is named `value`. An empty alternative makes any pattern match. */
function groupFault(source: string): { readonly problem: string } | undefined {
  const match = new RegExp(`${source}|`, 'm').exec('');
  const isNamed = match?.groups !== undefined && 'value' in match.groups;
  const count = (match?.length ?? 1) - 1;
  if (isNamed || count === 1) return undefined;
  const groups = count === 0 ? 'no group' : `${count} groups, none of them (?<value>…)`;
  return { problem: `expected one group in the pattern, or one that is named value, found ${groups}` };
}
