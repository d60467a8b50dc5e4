/** `--output`, the same for every verb that prints what a program could want, too. */
export const outputOption = {
  type: 'string',
  default: 'text',
  choices: ['text', 'json'],
  help: 'for people, or for programs',
} as const;

export type Output = (typeof outputOption.choices)[number];
