import type { Verb } from '../verb.ts';
import { firstWords, shellQuoted, typedOptions } from './first-words.ts';
import type { FirstWord, TypedOption } from './first-words.ts';

/** What zsh finds as `_dps-agent` in its $fpath, or sources, to complete `dps-agent`. */
export function zshCompletion(verbs: readonly Verb[]): string {
  const words = firstWords(verbs);
  return [
    '#compdef dps-agent',
    '# zsh completion for dps-agent; made from the same definitions as its help',
    '_dps-agent() {',
    '  local -a commands',
    '  if (( CURRENT == 2 )); then',
    ...described(words).map((line) => `    ${line}`),
    '    [[ $PREFIX == -* ]] && compadd -- --help --version',
    '    return',
    '  fi',
    '  case $words[2] in',
    ...words.flatMap(firstWordCase).map((line) => `    ${line}`),
    '  esac',
    '}',
    '# Whether it was sourced, or loaded by the first completion.',
    'if [[ $funcstack[1] == _dps-agent ]]; then _dps-agent "$@"; else compdef _dps-agent dps-agent; fi',
    '',
  ].join('\n');
}

function firstWordCase({ word, verb, seconds }: FirstWord): string[] {
  if (verb !== undefined) return [`${word})`, ...verbCase(verb, 1), '  ;;'];
  const summaries = seconds.map((second) => ({ word: second.word, summary: second.verb.summary }));
  return [
    `${word})`,
    '  if (( CURRENT == 3 )); then',
    ...described(summaries).map((line) => `    ${line}`),
    '    return',
    '  fi',
    '  case $words[3] in',
    ...seconds.flatMap((second) => [
      `    ${second.word})`,
      ...verbCase(second.verb, 2).map((line) => `    ${line}`),
      '      ;;',
    ]),
    '  esac',
    '  ;;',
  ];
}

function described(words: readonly Pick<FirstWord, 'word' | 'summary'>[]): string[] {
  return [
    'commands=(',
    ...words.map(({ word, summary }) => `  ${shellQuoted(`${word}:${summary}`)}`),
    ')',
    '_describe command commands',
  ];
}

/** _arguments takes the first word for the command. */
function verbCase(verb: Verb, depth: number): string[] {
  const specs = typedOptions(verb).map(optionSpec);
  const words = verb.words === undefined ? [] : [`:word:(${verb.words.join(' ')})`];
  const lines = [...specs, ...words].map((spec) => `    ${shellQuoted(spec)}`);
  const last = lines.length - 1;
  return [
    `  shift ${depth} words; (( CURRENT -= ${depth} ))`,
    '  _arguments \\',
    ...lines.map((line, index) => (index === last ? line : `${line} \\`)),
  ];
}

function optionSpec({ name, help, value, isRepeated }: TypedOption): string {
  const begin = `${isRepeated ? '*' : ''}--${name}`;
  const explained = `[${help.replaceAll(/[\\[\]:]/g, String.raw`\$&`)}]`;
  switch (value?.kind) {
    case undefined:
      return begin + explained;
    case 'choices':
      return `${begin}=${explained}:${name}:(${value.words.join(' ')})`;
    case 'file':
      return `${begin}=${explained}:file:_files`;
    case 'folder':
      return `${begin}=${explained}:folder:_path_files -/`;
    case 'anything':
      return `${begin}=${explained}:${value.called}: `;
  }
}
