import { listed } from '../config/found.ts';
import { closest } from '../config/suggest.ts';
import type { Question } from './asking.ts';

/** A choice and what it means, in the order in which they are shown. */
export type Choices<Word extends string> = Readonly<Record<Word, string>>;

/** A question of which one; a number answers it as well as the word. */
export function choice<Word extends string>(
  choices: Choices<Word>,
  question: Omit<Question<Word>, 'about' | 'read'> & { readonly title: string },
): Question<Word> {
  const words = Object.keys(choices) as Word[];
  const width = Math.max(...words.map((word) => word.length));
  const { title, ...rest } = question;
  return {
    ...rest,
    about: [title, ...words.map((word, index) => `  ${index + 1}  ${word.padEnd(width)}  ${choices[word]}`)],
    read: (text) => {
      const word = /^\d+$/.test(text)
        ? words[Number(text) - 1]
        : words.find((candidate) => candidate === text.toLowerCase());
      if (word !== undefined) return { value: word };
      const near = closest(text.toLowerCase(), words);
      const hint = near === undefined ? '' : `; did you mean ${near}?`;
      return { problem: `expected ${listed(words)}, or a number from 1 to ${words.length}${hint}` };
    },
  };
}
