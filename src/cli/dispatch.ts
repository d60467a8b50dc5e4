import process from 'node:process';
import { agentVersion } from '../version.ts';
import { forbiddenInWords } from './forbidden.ts';
import { programHelp, usageLines, verbHelp } from './help.ts';
import { print, printError } from './print.ts';
import { UsageError, exitCodes } from './usage.ts';
import { didYouMean } from './verb.ts';
import type { Verb } from './verb.ts';
import { verbs } from './verbs.ts';

/** Does what the command line says and returns the exit code; a command line that is not understood is said so here. */
export async function dispatch(args: readonly string[]): Promise<number> {
  if (args[0] === 'help') return dispatch([...args.slice(1), '--help']);
  const verb = verbs.find(({ name }) => startsWith(args, name));
  try {
    if (verb === undefined) return await withoutVerb(args);
    const rest = args.slice(wordsOf(verb.name).length);
    return asksForHelp(rest) ? await say(verbHelp(verb)) : await verb.run(rest);
  } catch (error) {
    if (error instanceof UsageError) return await refuse(error, verb);
    throw verb === undefined ? error : forbiddenInWords(error, verb.name, process.getuid?.());
  }
}

/** The program's own options, a group's name alone, or nothing that is known. */
function withoutVerb(args: readonly string[]): Promise<number> {
  const [first, second] = args;
  if (first === undefined) throw new UsageError('a command is missing');
  if (isHelp(first)) return say(programHelp(verbs));
  if (first === '--version') return say(`${agentVersion}\n`);
  const group = verbs.filter(({ name }) => name.startsWith(`${first} `));
  if (group.length > 0 && asksForHelp(args)) return say(programHelp(group));
  const isWord = second !== undefined && !second.startsWith('-');
  if (group.length > 0 && !isWord) throw new UsageError(`${first} needs a command after it`);
  throw new UsageError(unknown(first, isWord ? second : undefined));
}

/** A name may have one word or two, so what was typed is compared both ways. */
function unknown(first: string, second: string | undefined): string {
  if (first.startsWith('-')) {
    return `there is no option ${first}${didYouMean(first.replace(/^-+/, ''), ['help', 'version'], '--')}`;
  }
  const names = verbs.map(({ name }) => name);
  const both = second === undefined ? first : `${first} ${second}`;
  const hint = didYouMean(both, names);
  const isGroup = names.some((name) => name.startsWith(`${first} `));
  if (hint !== '' || isGroup) return `there is no command ${JSON.stringify(both)}${hint}`;
  return `there is no command ${JSON.stringify(first)}${didYouMean(first, names.map(firstWord))}`;
}

async function refuse(error: UsageError, verb: Verb | undefined): Promise<number> {
  const help = verb === undefined ? 'dps-agent --help' : `dps-agent ${verb.name} --help`;
  const usage = verb === undefined ? 'Usage: dps-agent COMMAND [OPTIONS]' : usageLines([verb]);
  await printError(`dps-agent: ${error.message}\n\n${usage}\n\n${help} says more.\n`);
  return exitCodes.usage;
}

function startsWith(args: readonly string[], name: string): boolean {
  return wordsOf(name).every((word, index) => args[index] === word);
}

function asksForHelp(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  return args.slice(0, end === -1 ? args.length : end).some(isHelp);
}

function isHelp(word: string): boolean {
  return word === '--help' || word === '-h';
}

function wordsOf(name: string): string[] {
  return name.split(' ');
}

function firstWord(name: string): string {
  return wordsOf(name)[0] ?? name;
}

async function say(text: string): Promise<number> {
  await print(text);
  return exitCodes.success;
}
