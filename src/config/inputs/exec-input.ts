import * as v from 'valibot';
import type { ReadingFormat } from '../../telemetry/formats/parse-readings.ts';
import {
  byteSize,
  duration,
  field,
  filledIn,
  oneOf,
  present,
  section,
  type Field,
  type Preset,
} from '../fields.ts';
import { forms } from '../forms.ts';
import { parseAbsolutePath } from '../file-uri.ts';
import { expected, found, isMapping, quotesHint, type Parsed } from '../found.ts';
import { fitting, foreign, type Misfit } from '../misfit.ts';
import { common, commonEntries, type InputCommon } from './common.ts';
import { valueName } from './value-name.ts';

/** A program that is run at an interval, or all the time and speaks in lines. */
export type ExecInputConfig = ExecIntervalConfig | ExecLinesConfig;

export interface ExecIntervalConfig extends ExecCommon {
  readonly mode: 'interval';
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly maxOutputBytes: number;
}

export interface ExecLinesConfig extends ExecCommon {
  readonly mode: 'lines';
}

interface ExecCommon extends InputCommon {
  readonly type: 'exec';
  readonly command: ExecCommand;
  readonly format: ReadingFormat;
  /** What a bare number is called. */
  readonly valueName: string;
  /** Name or number; absent: the agent's own. */
  readonly user?: string;
  /** Secrets may stand here: never to be printed. */
  readonly environment: Readonly<Record<string, string>>;
  readonly directory?: string;
}

/** The program and what it is given, word for word: no shell reads it. */
export type ExecCommand = readonly [string, ...string[]];

const formats = ['auto', 'json', 'key_value', 'influx', 'number'] as const satisfies readonly ReadingFormat[];

export const execInput = v.pipe(
  section({
    type: oneOf(['exec']),
    ...commonEntries,
    command: field(parseCommand, forms.command),
    mode: v.optional(oneOf(['interval', 'lines']), 'interval'),
    // Not every mode and format has these, so they have their presets below: a preset counts as given.
    interval: filledIn(duration('100ms', '1d'), atIntervals('60s')),
    timeout: filledIn(duration('100ms', '1h'), atIntervals('10s')),
    max_output: filledIn(byteSize('1KB', '16MB'), atIntervals('64KB')),
    value: filledIn(valueName, ({ format = 'auto' }) => (isNamed(format) ? undefined : 'value')),
    format: v.optional<Field<ReadingFormat>, 'auto'>(oneOf(formats), 'auto'),
    user: v.optional(field(parseUser, forms.user)),
    environment: v.optional(field(parseEnvironment, forms.texts), {}),
    directory: v.optional(field(parseAbsolutePath, forms.absolutePath)),
  }),
  fitting(misfits),
  v.transform((input): ExecInputConfig => {
    const { type, command, mode, format, value = 'value', environment } = input;
    const place = present({ user: input.user, directory: input.directory });
    const shared = { type, ...common(input), command, format, valueName: value, environment, ...place };
    if (mode === 'lines') return { ...shared, mode };
    const { interval = 60_000, timeout = 10_000, max_output = 64 * 1024 } = input;
    return { ...shared, mode, intervalMs: interval, timeoutMs: timeout, maxOutputBytes: max_output };
  }),
);

function atIntervals(preset: string): Preset {
  return ({ mode }) => (mode === 'lines' ? undefined : preset);
}

/** Whether what is written has names of its own. */
function isNamed(format: unknown): format is 'influx' | 'key_value' {
  return format === 'influx' || format === 'key_value';
}

function misfits(given: Readonly<Record<string, unknown>>): Misfit[] {
  const format = given['format'];
  return [
    ...(given['mode'] === 'lines'
      ? foreign(given, ['mode', 'lines', 'interval'], ['interval', 'timeout', 'max_output'])
      : []),
    ...(isNamed(format) ? foreign(given, ['format', format, 'number'], ['value']) : []),
  ];
}

export function parseCommand(input: unknown): Parsed<ExecCommand> {
  const what = 'a list of texts such as [read-sensor, --once]';
  if (typeof input === 'string')
    return {
      problem: `${expected(what, input)}: write the program and each argument as an item; if a shell is meant, [sh, -c, "…"]`,
    };
  if (!Array.isArray(input) || input.length === 0) return { problem: expected(what, input) };
  const [program, ...args] = input as unknown[];
  const odd = [program, ...args].find((word) => typeof word !== 'string' || word.includes('\0'));
  if (odd !== undefined) return { problem: `${expected(what, odd)} in it${quotesHint(odd)}` };
  if (program === '') return { problem: `${expected(what, program)} as the program` };
  return { value: [program, ...args] as [string, ...string[]] };
}

/** YAML reads a user ID as a number. */
export function parseUser(input: unknown): Parsed<string> {
  const user = typeof input === 'number' ? String(input) : input;
  if (typeof user === 'string' && /^(?:\d{1,10}|[A-Za-z_][\w.-]{0,31}\$?)$/.test(user))
    return { value: user };
  return { problem: expected('the name or number of a user', input) };
}

/** The values may be secrets, so none is told. */
export function parseEnvironment(input: unknown): Parsed<Readonly<Record<string, string>>> {
  if (!isMapping(input)) return { problem: expected('a mapping of names to texts', input) };
  for (const [name, value] of Object.entries(input)) {
    if (!/^[A-Za-z_]\w*$/.test(name))
      return { problem: `cannot name a variable ${found(name)}: use letters, digits and _` };
    if (typeof value !== 'string' || value.includes('\0'))
      return { problem: `${name}: expected text${quotesHint(value)}` };
  }
  return { value: input as Record<string, string> };
}
