import { deviceKeyFault, deviceKeyInWords } from '../device-key.ts';
import type { Parsed } from './found.ts';
import { parseSecret, type SecretSource } from './secret-source.ts';

/** Reads a device's or a group's key, or where it stands. No message contains any of what was found. */
export function parseSymmetricKey(input: unknown): Parsed<SecretSource> {
  return parseSecret(input, deviceKeyInWords, deviceKeyFault);
}
