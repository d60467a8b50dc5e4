import type { Verb } from '../verb.ts';
import { firstWords, typedOptions } from './first-words.ts';
import type { FirstWord, TypedOption } from './first-words.ts';

/** What fish finds as `dps-agent.fish` in its folder of completions, or sources. */
export function fishCompletion(verbs: readonly Verb[]): string {
  const words = firstWords(verbs);
  return [
    '# fish completion for dps-agent; made from the same definitions as its help',
    '# Whether the words after dps-agent begin with these.',
    'function __dps_agent_in',
    '    set -l typed (commandline -opc)',
    '    set -l last (math (count $argv) + 1)',
    '    test (count $typed) -ge $last; and test "$typed[2..$last]" = "$argv"',
    'end',
    '# Whether they are just these.',
    'function __dps_agent_at',
    '    test (count (commandline -opc)) -eq (math (count $argv) + 1)',
    '    and begin',
    '        test (count $argv) -eq 0; or __dps_agent_in $argv',
    '    end',
    'end',
    'complete -c dps-agent -f',
    ...words.map(({ word, summary }) => line('__dps_agent_at', `-a ${word} -d ${quoted(summary)}`)),
    line('__dps_agent_at', `-l help -d ${quoted('list the commands')}`),
    line('__dps_agent_at', `-l version -d ${quoted('tell the version')}`),
    ...words.flatMap(firstWordLines),
    '',
  ].join('\n');
}

function firstWordLines({ word, verb, seconds }: FirstWord): string[] {
  if (verb !== undefined) return verbLines(verb);
  return [
    ...seconds.map((second) =>
      line(`__dps_agent_at ${word}`, `-a ${second.word} -d ${quoted(second.verb.summary)}`),
    ),
    ...seconds.flatMap((second) => verbLines(second.verb)),
  ];
}

function verbLines(verb: Verb): string[] {
  const words = verb.words === undefined ? [] : [`-a ${quoted(verb.words.join(' '))}`];
  return [
    ...words.map((rest) => line(`__dps_agent_at ${verb.name}`, rest)),
    ...typedOptions(verb).map((option) => line(`__dps_agent_in ${verb.name}`, optionRest(option))),
  ];
}

function optionRest({ name, help, value }: TypedOption): string {
  const rest = `-l ${name}${takes(value)} -d ${quoted(help)}`;
  return value?.kind === 'choices' ? `${rest} -a ${quoted(value.words.join(' '))}` : rest;
}

/** -x: with a value, and no file names; -F: file names after all. */
function takes(value: TypedOption['value']): string {
  switch (value?.kind) {
    case undefined:
      return '';
    case 'choices':
    case 'anything':
      return ' -x';
    case 'file':
      return ' -r -F';
    case 'folder':
      return " -x -a '(__fish_complete_directories)'";
  }
}

function line(condition: string, rest: string): string {
  return `complete -c dps-agent -n ${quoted(condition)} ${rest}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll(/[\\']/g, String.raw`\$&`)}'`;
}
