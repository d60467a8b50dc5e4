/** `--output`, the same for every verb that prints what a program could want, too. */
export const outputOption = {
  type: 'string',
  default: 'text',
  choices: ['text', 'json'],
  help: 'for people, or for programs',
} as const;

export type Output = (typeof outputOption.choices)[number];

/** All that a verb has to tell, for programs: one document. */
export function jsonDocument(told: unknown): string {
  return `${JSON.stringify(told, undefined, 2)}\n`;
}

/** One thing of many, which are told as they come: a line each. */
export function jsonLine(told: unknown): string {
  return `${JSON.stringify(told)}\n`;
}
