import { parseArgs } from 'node:util';
import { closest } from '../config/suggest.ts';
import { UsageError } from './usage.ts';

/** One option of a verb, in the form that parseArgs takes, and what people are told about it. */
export interface VerbOption {
  readonly type: 'string' | 'boolean';
  readonly default?: string | boolean;
  readonly multiple?: boolean;
  /** What stands for the value in the help, such as `PATH`; none for a flag. */
  readonly value?: string;
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
  /** Paragraphs for the help of this verb alone. */
  readonly description: readonly string[];
  readonly options: VerbOptions;
  /** Returns the exit code. Throws a UsageError, a CommandError, a ConfigError, or on a bug anything else. */
  run(args: readonly string[]): Promise<number>;
}

/** Reads the arguments of a verb. Throws a UsageError that names the option which may have been meant. */
export function parseVerbArgs<const Options extends VerbOptions>(
  options: Options,
  args: readonly string[],
): ParsedArgs<Options> {
  refuseUnknown(options, args);
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

export type ParsedArgs<Options extends VerbOptions> = Pick<
  ReturnType<typeof parseArgs<{ options: Options; allowPositionals: true }>>,
  'values' | 'positionals'
>;

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

/** parseArgs names an unknown option, too, but not the one that was meant. */
function refuseUnknown(options: VerbOptions, args: readonly string[]): void {
  const { tokens } = parseArgs({
    args: [...args],
    options,
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  for (const token of tokens) {
    if (token.kind !== 'option' || Object.hasOwn(options, token.name)) continue;
    const hint = didYouMean(token.name, Object.keys(options), '--');
    throw new UsageError(`there is no option ${token.rawName}${hint}`);
  }
}
