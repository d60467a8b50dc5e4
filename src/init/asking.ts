import { listed, type Parsed } from '../config/found.ts';
import { Incomplete } from './refusal.ts';
import type { Terminal } from './terminal.ts';

/** Something that has to be known. */
export interface Question<T> {
  /** The option that answers it, with what follows the name where there is more to say: `--scope-id`. */
  readonly option: string;
  /** Completes "… : " on a terminal. */
  readonly text: string;
  /** Lines to read before it is answered. */
  readonly about?: readonly string[];
  /** What Enter alone means, on a terminal. */
  readonly suggestion?: string | undefined;
  /** What it is when nobody can be asked. */
  readonly fallback?: string | undefined;
  /** Neither shown while it is typed nor repeated in any message. */
  readonly isSecret?: boolean;
  readonly read: (text: string) => Parsed<T> | Promise<Parsed<T>>;
}

/**
 * Gets answers: from options, else from a person, who is asked until the answer is right, else from the question's
 * fallback. Where nobody can be asked, what is missing or wrong is gathered, for one message that names it all.
 */
export class Asking {
  readonly #terminal: Terminal | undefined;
  readonly #missing: string[] = [];
  readonly #problems: string[] = [];

  constructor(terminal: Terminal | undefined) {
    this.#terminal = terminal;
  }

  /** The answer; `undefined` only where nobody can be asked, and then `finish` throws. */
  async answer<T>(question: Question<T>, given: string | undefined): Promise<T | undefined> {
    if (given !== undefined) {
      const parsed = await question.read(given);
      if ('value' in parsed) return parsed.value;
      if (!this.refused(`cannot use ${question.option}: ${parsed.problem}`)) return undefined;
    }
    if (this.#terminal !== undefined) return this.#ask(question, this.#terminal);
    if (given === undefined && question.fallback !== undefined)
      return this.answer(question, question.fallback);
    this.#missing.push(question.option);
    return undefined;
  }

  /** For what need not be said at all: a person is asked only where it was said wrong. */
  async ifGiven<T>(question: Question<T>, given: string | undefined): Promise<T | undefined> {
    return given === undefined ? undefined : this.answer(question, given);
  }

  /** What was answered does not do. Returns whether it can be asked again. */
  refused(problem: string): boolean {
    if (this.#terminal === undefined) this.#problems.push(problem);
    else this.#terminal.say(`  ${problem}`);
    return this.#terminal !== undefined;
  }

  /** Throws an Incomplete unless there are all answers. */
  finish(): void {
    const { length } = this.#missing;
    const missing =
      length === 0
        ? []
        : [`cannot ask for what is missing, since this is no terminal: give ${listed(this.#missing, 'and')}`];
    const all = [...this.#problems, ...missing];
    if (all.length > 0) throw new Incomplete(all.join('\n'));
  }

  async #ask<T>(question: Question<T>, terminal: Terminal): Promise<T> {
    for (const line of question.about ?? []) terminal.say(line);
    const { text, suggestion, isSecret } = question;
    const prompt = suggestion === undefined ? `${text}: ` : `${text} [${suggestion}]: `;
    for (;;) {
      const typed = isSecret === true ? await terminal.askHidden(prompt) : await terminal.ask(prompt);
      const answer = typed.trim() === '' ? (suggestion ?? '') : typed.trim();
      const parsed = await question.read(answer);
      if ('value' in parsed) return parsed.value;
      terminal.say(`  ${parsed.problem}`);
    }
  }
}
