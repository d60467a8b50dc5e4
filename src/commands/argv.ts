import type { CommandArgument, CommandConfig } from '../config/commands-schema.ts';
import { isJsonObject } from '../lib/json.ts';
import { WorkError } from '../work-error.ts';

/** Longer than any argument need be; what a pattern has to look through. */
const maxCharacters = 1000;

type Values = ReadonlyMap<string, string>;

/**
 * The words to run a command with, once its arguments are what the configuration wants of them: all declared ones, no
 * others, each text or a number that matches its pattern from end to end. A word that an argument makes alone does not
 * begin with a hyphen, which would make an option of it, unless its pattern does. Throws COMMAND-ARGUMENT; the message
 * does not repeat what was given.
 */
export function argvOf(config: CommandConfig, given: unknown): [string, ...string[]] {
  const values = valuesOf(config, given);
  const [program, ...words] = config.command;
  return [program, ...words.map((word) => filled(word, values))];
}

function filled(word: string, values: Values): string {
  return word.replaceAll(/\{(\w+)\}/g, (placeholder, name: string) => values.get(name) ?? placeholder);
}

function valuesOf(config: CommandConfig, given: unknown): Values {
  const { args, argsBy } = config;
  const byName = argsBy === 'name' ? (given ?? {}) : byPosition(config, given ?? []);
  if (!isJsonObject(byName)) throw fault(config, 'its arguments are an object, by their names');
  const unknown = Object.keys(byName).filter((name) => !args.some((argument) => argument.name === name));
  if (unknown.length > 0) {
    const known = args.length === 0 ? 'none' : args.map(({ name }) => name).join(', ');
    throw fault(config, `it takes ${known}, and ${unknown.length} more came`);
  }
  return new Map(args.map((argument) => [argument.name, valueOf(config, argument, byName[argument.name])]));
}

function byPosition(config: CommandConfig, given: unknown): Record<string, unknown> {
  if (!Array.isArray(given)) throw fault(config, 'its arguments are a list, in their order');
  return Object.fromEntries(given.map((value: unknown, index) => [String(index + 1), value]));
}

function valueOf(config: CommandConfig, { name, pattern }: CommandArgument, given: unknown): string {
  if (given === undefined) throw fault(config, `its argument ${name} is missing`);
  if (typeof given !== 'string' && typeof given !== 'number')
    throw fault(config, `its argument ${name} must be text or a number`);
  const value = String(given);
  if (value.length > maxCharacters)
    throw fault(config, `its argument ${name} has more than ${maxCharacters} characters`);
  if (value.includes('\0') || !new RegExp(`^(?:${pattern})$`, 'u').test(value))
    throw fault(config, `its argument ${name} does not match ${pattern}`);
  const isAlone = config.command.includes(`{${name}}`);
  if (isAlone && value.startsWith('-') && !/^\\?-/.test(pattern))
    throw fault(config, `its argument ${name} must not begin with a hyphen`);
  return value;
}

function fault({ name }: CommandConfig, what: string): WorkError {
  return new WorkError('COMMAND-ARGUMENT', `run the command ${name}`, { cause: new Error(what) });
}
