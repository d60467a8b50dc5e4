/** A person to ask. */
export interface Terminal {
  /** A line for the person. */
  say(text: string): void;
  /** What was typed, without its line break. Rejects with a Refusal when the person does not want to go on. */
  ask(question: string): Promise<string>;
  /** Likewise, with nothing of it to be seen. */
  askHidden(question: string): Promise<string>;
}
