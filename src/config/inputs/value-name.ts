import { text } from '../fields.ts';

/** What a value is called in a message. */
export const valueNameForm = /^[^\p{Cc}]{1,128}$/u;

export const valueName = text('a name of 1 to 128 characters', valueNameForm);
