import { Refusal } from '../../src/init/refusal.ts';
import type { Terminal } from '../../src/init/terminal.ts';

/** A person who types the answers given, in their order, and then Ctrl-C. */
export class FakeTerminal implements Terminal {
  /** What the person has seen: lines, and questions with what was typed, as far as it shows. */
  readonly seen: string[] = [];
  readonly #answers: string[];

  constructor(...answers: string[]) {
    this.#answers = answers;
  }

  /** What has not been asked for. */
  get left(): readonly string[] {
    return this.#answers;
  }

  say(text: string): void {
    this.seen.push(text);
  }

  ask(question: string): Promise<string> {
    return this.#answer((typed) => question + typed);
  }

  askHidden(question: string): Promise<string> {
    return this.#answer(() => question);
  }

  #answer(shown: (typed: string) => string): Promise<string> {
    const typed = this.#answers.shift();
    if (typed === undefined) return Promise.reject(new Refusal('cannot go on: it was broken off'));
    this.seen.push(shown(typed));
    return Promise.resolve(typed);
  }
}
