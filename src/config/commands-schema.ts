import * as v from 'valibot';
import { byteSize, duration, field, pathTo, present, section, text } from './fields.ts';
import { forms } from './forms.ts';
import { parseAbsolutePath } from './file-uri.ts';
import { expected, found, isMapping, listed, quotesHint, type Parsed } from './found.ts';
import { parseCommand, parseUser, type ExecCommand } from './inputs/exec-input.ts';
import { fitting, type Misfit } from './misfit.ts';

/** A program that the cloud may have run, by name and with nothing but the arguments that are named here. */
export interface CommandConfig {
  readonly name: string;
  /** Words of it may hold `{argument}`. No shell reads it. */
  readonly command: ExecCommand;
  /** In the order of the file. */
  readonly args: readonly CommandArgument[];
  /** Whether callers give their arguments by name or, as a list, by position: `{1}`, `{2}`. */
  readonly argsBy: 'name' | 'position';
  /** Name or number; absent: the agent's own. */
  readonly user?: string;
  readonly directory?: string;
  readonly timeoutMs: number;
  /** Of standard output and standard error each, what is told; the rest is counted. */
  readonly maxOutputBytes: number;
}

export interface CommandArgument {
  readonly name: string;
  /** A regular expression that all of the argument must match. */
  readonly pattern: string;
}

type Arguments = Pick<CommandConfig, 'args' | 'argsBy'>;

const command = v.pipe(
  section({
    name: text('a name of 1 to 64 letters, digits, - or _', /^[A-Za-z0-9_-]{1,64}$/),
    command: field(parseCommand, forms.command),
    args: v.optional(field(parseArguments, forms.argumentPatterns), {}),
    user: v.optional(field(parseUser, forms.user)),
    directory: v.optional(field(parseAbsolutePath, forms.absolutePath)),
    timeout: v.optional(duration('100ms', '1h'), '30s'),
    max_output: v.optional(byteSize('100B', '32KB'), '16KB'),
  }),
  fitting(misfits),
  v.transform(({ name, command: words, args, user, directory, timeout, max_output }): CommandConfig => ({
    name,
    command: words,
    ...args,
    ...present({ user, directory }),
    timeoutMs: timeout,
    maxOutputBytes: max_output,
  })),
);

/** `commands`: what `runCommand` and `reboot` may run, once `methods.allow` has them. */
export const commands: v.GenericSchema<unknown, readonly CommandConfig[]> = v.pipe(
  v.array(command, (issue) => expected('a list of commands, each beginning with - name:', issue.input)),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!Array.isArray(dataset.value)) return;
    const names = dataset.value.map((item: unknown) => (isMapping(item) ? item['name'] : undefined));
    names.forEach((name, index) => {
      if (name === undefined || names.indexOf(name) === index) return;
      const message = `${found(name)} is already the name of commands[${names.indexOf(name)}]: give each command its own`;
      addIssue({ message, path: pathTo(index, 'name') });
    });
  }),
);

/** The arguments that the words of a command have room for. */
export function placeholdersIn(words: readonly string[]): readonly string[] {
  return [
    ...new Set(words.flatMap((word) => [...word.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? ''))),
  ];
}

function parseArguments(input: unknown): Parsed<Arguments> {
  const what = "a mapping of names, or a list, of patterns such as '[0-9]{1,3}'";
  const isList = Array.isArray(input);
  if (!isList && !isMapping(input)) return { problem: expected(what, input) };
  const entries: [string, unknown][] = isList
    ? input.map((pattern: unknown, index) => [String(index + 1), pattern])
    : Object.entries(input);
  const args: CommandArgument[] = [];
  for (const [name, pattern] of entries) {
    if (!/^\w{1,64}$/.test(name))
      return { problem: `cannot name an argument ${found(name)}: use letters, digits and _` };
    if (typeof pattern !== 'string')
      return { problem: `${name}: ${expected('a pattern, in quotes', pattern)}${quotesHint(pattern)}` };
    const fault = patternFault(pattern);
    if (fault !== undefined) return { problem: `${name}: ${found(pattern)} is no pattern: ${fault}` };
    args.push({ name, pattern });
  }
  return { value: { args, argsBy: isList ? 'position' : 'name' } };
}

function patternFault(pattern: string): string | undefined {
  try {
    new RegExp(pattern, 'u');
    return undefined;
  } catch (error) {
    return error instanceof Error
      ? error.message.replace(/^Invalid regular expression: \/.*\/u?: /s, '')
      : String(error);
  }
}

/** Beside the checks of the values: what is not as it should be there is reported there. */
function misfits({ command: words, args }: Readonly<Record<string, unknown>>): Misfit[] {
  if (!isWords(words) || !isArguments(args)) return [];
  const [program = '', ...others] = words;
  const declared = args.args.map(({ name }) => name);
  const used = placeholdersIn(others);
  const undeclared = used.filter((name) => !declared.includes(name));
  const unused = declared.filter((name) => !used.includes(name));
  const braced = (names: readonly string[]): string =>
    listed(
      names.map((name) => `{${name}}`),
      'and',
    );
  const problems = [
    placeholdersIn([program]).length > 0 && {
      key: 'command',
      message: 'the program itself cannot be an argument: write it out',
    },
    undeclared.length > 0 && {
      key: 'command',
      message: `has ${braced(undeclared)}, which args does not: say there what it may be`,
    },
    unused.length > 0 && {
      key: 'args',
      message: `has ${listed(unused, 'and')}, but command has no ${braced(unused)}`,
    },
  ];
  return problems.filter((problem) => problem !== false);
}

function isWords(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((word) => typeof word === 'string');
}

function isArguments(value: unknown): value is Arguments {
  return isMapping(value) && Array.isArray(value['args']);
}
