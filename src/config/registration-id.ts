import { isRegistrationId, longestRegistrationId } from '../registration-id.ts';
import { expected, quotesHint, type Parsed } from './found.ts';

/** The common name of a certificate holds 64 characters, and with X.509 that is the registration ID (protocol.md 2.1). */
export const longestX509RegistrationId = 64;

/** Reads a registration ID by the service's rule (protocol.md 2.1). Case is kept: key derivation depends on it. */
export function parseRegistrationId(input: unknown): Parsed<string> {
  const what = 'a registration ID such as gateway-01';
  if (typeof input !== 'string') return { problem: expected(what, input) + quotesHint(input) };
  if (isRegistrationId(input)) return { value: input };
  return { problem: `${expected(what, input)}: ${reason(input)}` };
}

export function tooLong(length: number, longest: number): string {
  return `it has ${length} characters, and at most ${longest} are allowed`;
}

function reason(id: string): string {
  if (id === '') return 'it is empty';
  if (!/^[A-Za-z0-9._:-]*$/.test(id)) return 'only letters, digits and - . _ : are allowed';
  if (id.length > longestRegistrationId) return tooLong(id.length, longestRegistrationId);
  return 'the last character must be a letter, a digit or -';
}
