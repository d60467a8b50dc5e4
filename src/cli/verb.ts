import { parseArgs } from 'node:util';
import { listed } from '../config/found.ts';
import { closest } from '../config/suggest.ts';
import { UsageError } from './usage.ts';

/** One option of a verb, in the form that parseArgs takes, and what people are told about it. */
export interface VerbOption {
  readonly type: 'string' | 'boolean';
  readonly default?: string | boolean;
  readonly multiple?: boolean;
  /** What stands for the value in the help, such as `PATH`; none for a flag, nor where there are choices. */
  readonly value?: string;
  /** The only values it takes. */
  readonly choices?: readonly string[];
  /** What a shell offers for the value. */
  readonly completes?: 'file' | 'folder';
  readonly help: string;
}

export type VerbOptions = Readonly<Record<string, VerbOption>>;

/**
 * One thing that the program does. A verb's own file imports nothing heavy, so that `--help` can list them all and
 * `run` starts without what the others need; the work is imported when it is asked for.
 */
export interface Verb {
  /** One word, or two: `keys derive`. */
  readonly name: string;
  /** One line, without a full stop. */
  readonly summary: string;
  /** What follows the name on the command line. */
  readonly usage: string;
  /** The words that may follow the name where those are a fixed few, for a shell to offer. */
  readonly words?: readonly string[];
  /** Paragraphs for the help of this verb alone. */
  readonly description: readonly string[];
  readonly options: VerbOptions;
  /** Returns the exit code. Throws a UsageError, a CommandError, a ConfigError, or on a bug anything else. */
  run(args: readonly string[]): Promise<number>;
}

/** Reads the arguments of a verb that takes options only. Throws a UsageError. */
export function parseOptions<const Options extends VerbOptions>(
  options: Options,
  args: readonly string[],
): ParsedArgs<Options>['values'] {
  const { values, positionals } = parseVerbArgs(options, args);
  refusePositionals(positionals);
  return values;
}

/** Reads the arguments of a verb. Throws a UsageError that names the option, or the choice, which may have been meant. */
export function parseVerbArgs<const Options extends VerbOptions>(
  options: Options,
  args: readonly string[],
): ParsedArgs<Options> {
  refuseMistyped(options, args);
  const parsed = strictly(options, args);
  refuseOtherChoices(options, parsed.values);
  return parsed as ParsedArgs<Options>;
}

export interface ParsedArgs<Options extends VerbOptions> {
  readonly values: Chosen<Options, Strict<Options>['values']>;
  readonly positionals: Strict<Options>['positionals'];
}

type Strict<Options extends VerbOptions> = ReturnType<
  typeof parseArgs<{ options: Options; allowPositionals: true }>
>;

/** Of an option with choices the type is these. */
type Chosen<Options extends VerbOptions, Values> = {
  [Name in keyof Values]: Name extends keyof Options
    ? Options[Name] extends { readonly choices: readonly (infer Choice)[] }
      ? Choice | Extract<Values[Name], undefined>
      : Values[Name]
    : Values[Name];
};

/** For a verb that takes options only. */
export function refusePositionals([first]: readonly string[]): void {
  if (first !== undefined)
    throw new UsageError(`cannot use ${JSON.stringify(first)}: only options are taken`);
}

/** The value of an option that must be given. */
export function required<T>(option: string, value: T | undefined): T {
  if (value === undefined) throw new UsageError(`${option} is missing`);
  return value;
}

export function wholeNumber(option: string, text: string, minimum: number, maximum: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= minimum && value <= maximum) return value;
  throw new UsageError(
    `cannot use ${option} ${text}: it must be a whole number from ${minimum} to ${maximum}`,
  );
}

export function didYouMean(typed: string, candidates: readonly string[], prefix = ''): string {
  const near = closest(typed, candidates);
  return near === undefined ? '' : `; did you mean ${JSON.stringify(prefix + near)}?`;
}

function strictly<Options extends VerbOptions>(options: Options, args: readonly string[]): Strict<Options> {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

function refuseOtherChoices(options: VerbOptions, values: Readonly<Record<string, unknown>>): void {
  for (const [name, { choices }] of Object.entries(options)) {
    const value = values[name];
    if (choices === undefined || typeof value !== 'string' || choices.includes(value)) continue;
    const hint = didYouMean(value, choices);
    throw new UsageError(`--${name} takes ${listed(choices)}, and not ${JSON.stringify(value)}${hint}`);
  }
}

/** parseArgs refuses most of it, too, but names neither the option that was meant nor what to type. */
function refuseMistyped(options: VerbOptions, args: readonly string[]): void {
  const { tokens } = parseArgs({
    args: [...args],
    options,
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    const option = Object.hasOwn(options, token.name) ? options[token.name] : undefined;
    if (option === undefined) {
      const hint = didYouMean(token.name, Object.keys(options), '--');
      throw new UsageError(`there is no option ${token.rawName}${hint}`);
    }
    const wrong = wrongValue(option, token);
    if (wrong !== undefined) throw new UsageError(`${token.rawName} ${wrong}`);
  }
}

/** What follows an option, as parseArgs has it. */
interface GivenValue {
  readonly rawName: string;
  readonly value?: string | undefined;
  /** Whether it was written with `=`. */
  readonly inlineValue?: boolean | undefined;
}

function wrongValue(
  { type, choices }: VerbOption,
  { rawName, value, inlineValue }: GivenValue,
): string | undefined {
  if (type === 'boolean') return value === undefined ? undefined : 'takes no value';
  if (value === undefined) return 'needs a value after it';
  if (value === '' && choices === undefined) return 'needs a value that is not empty';
  // A lone dash is standard input.
  if (inlineValue !== true && /^-./.test(value))
    return `needs a value after it; if ${value} is meant, write ${rawName}=${value}`;
  return undefined;
}
