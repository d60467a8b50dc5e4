import type { Verb } from '../verb.ts';
import { firstWords, shellQuoted, typedOptions } from './first-words.ts';
import type { FirstWord, TypedOption } from './first-words.ts';

/** What bash sources to complete `dps-agent`. It needs nothing of the package bash-completion, only bash 4. */
export function bashCompletion(verbs: readonly Verb[]): string {
  return [
    '# bash completion for dps-agent; made from the same definitions as its help',
    '_dps_agent() {',
    '  local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} words=',
    '  # bash takes --option=value apart at the sign.',
    '  if [[ $current == = ]]; then current=',
    '  elif [[ $before == = ]]; then before=${COMP_WORDS[COMP_CWORD - 2]}; fi',
    '  COMPREPLY=()',
    '  if ((COMP_CWORD == 1)); then',
    `    words=${shellQuoted([...firstWords(verbs).map(({ word }) => word), '--help', '--version'].join(' '))}`,
    '  else',
    '    case ${COMP_WORDS[1]} in',
    ...firstWords(verbs).flatMap(firstWordCase).map(indented(6)),
    '    esac',
    '  fi',
    '  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")',
    '}',
    'complete -F _dps_agent dps-agent',
    '',
  ].join('\n');
}

function firstWordCase({ word, verb, seconds }: FirstWord): string[] {
  if (verb !== undefined) return [`${word})`, ...verbCase(verb).map(indented(2)), '  ;;'];
  const words = [...seconds.map((second) => second.word), '--help'].join(' ');
  return [
    `${word})`,
    `  if ((COMP_CWORD == 2)); then words=${shellQuoted(words)}; else`,
    '    case ${COMP_WORDS[2]} in',
    ...seconds
      .flatMap((second) => [`${second.word})`, ...verbCase(second.verb).map(indented(2)), '  ;;'])
      .map(indented(6)),
    '    esac',
    '  fi',
    '  ;;',
  ];
}

function verbCase(verb: Verb): string[] {
  const options = typedOptions(verb);
  const values = options.flatMap((option) => valueCase(option));
  const words = [...(verb.words ?? []), ...options.map(({ name }) => `--${name}`)].join(' ');
  const cases = values.length === 0 ? [] : ['case $before in', ...values.map(indented(2)), 'esac'];
  return [...cases, `words=${shellQuoted(words)}`];
}

function valueCase({ name, value }: TypedOption): string[] {
  switch (value?.kind) {
    case undefined:
      return [];
    case 'choices':
      return [
        `--${name}) mapfile -t COMPREPLY < <(compgen -W ${shellQuoted(value.words.join(' '))} -- "$current"); return ;;`,
      ];
    case 'file':
    case 'folder': {
      const action = value.kind === 'file' ? '-f' : '-d';
      return [
        `--${name}) compopt -o filenames; mapfile -t COMPREPLY < <(compgen ${action} -- "$current"); return ;;`,
      ];
    }
    case 'anything':
      return [`--${name}) return ;;`];
  }
}

function indented(spaces: number): (line: string) => string {
  return (line) => ' '.repeat(spaces) + line;
}
