import type { Verb } from '../verb.ts';

/** What may follow `dps-agent`: a verb of one word, or the first word of several verbs. */
export interface FirstWord {
  readonly word: string;
  readonly summary: string;
  /** Absent where another word must follow. */
  readonly verb?: Verb;
  readonly seconds: readonly SecondWord[];
}

export interface SecondWord {
  readonly word: string;
  readonly verb: Verb;
}

/** In the order of the verbs. */
export function firstWords(verbs: readonly Verb[]): readonly FirstWord[] {
  const words = [...new Set(verbs.map(({ name }) => wordsOf(name)[0]))];
  return words.map((word) => {
    const verb = verbs.find(({ name }) => name === word);
    const seconds = verbs.flatMap((each) => secondOf(word, each));
    const summary = verb?.summary ?? seconds.map((second) => second.word).join(', ');
    return { word, summary, seconds, ...(verb === undefined ? {} : { verb }) };
  });
}

/** A verb's options as they are typed, `--help` among them, with what follows each. */
export function typedOptions({ options }: Verb): readonly TypedOption[] {
  const own = Object.entries(options).map(([name, option]): TypedOption => ({
    name,
    help: option.help,
    isRepeated: option.multiple === true,
    ...(option.type === 'boolean' ? {} : { value: valueOf(option) }),
  }));
  return [...own, { name: 'help', help: 'explain the command', isRepeated: false }];
}

export interface TypedOption {
  readonly name: string;
  readonly help: string;
  readonly isRepeated: boolean;
  /** Absent: it is a flag. */
  readonly value?: TypedValue;
}

export type TypedValue =
  | { readonly kind: 'choices'; readonly words: readonly string[] }
  | { readonly kind: 'file' | 'folder' }
  | { readonly kind: 'anything'; readonly called: string };

function valueOf({ choices, completes, value = 'VALUE' }: Verb['options'][string]): TypedValue {
  if (choices !== undefined) return { kind: 'choices', words: choices };
  return completes === undefined ? { kind: 'anything', called: value } : { kind: completes };
}

function secondOf(first: string, verb: Verb): SecondWord[] {
  const [one, two] = wordsOf(verb.name);
  return one === first && two !== undefined ? [{ word: two, verb }] : [];
}

function wordsOf(name: string): [string, ...string[]] {
  const [first = name, ...rest] = name.split(' ');
  return [first, ...rest];
}

/** In single quotes, for bash and zsh. */
export function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
