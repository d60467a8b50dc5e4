import { Secret } from '../lib/secret.ts';
import { expectedSecret, type Parsed } from './found.ts';

/** protocol.md 2.2 */
const [fewestBytes, mostBytes] = [16, 64];

/** Reads a device's or a group's key: base64 of 16 to 64 bytes. No message contains any of what was found. */
export function parseSymmetricKey(input: unknown): Parsed<Secret> {
  const what = `the base64 key of an enrollment (${fewestBytes} to ${mostBytes} bytes)`;
  if (typeof input !== 'string') return { problem: expectedSecret(what, input) };
  const fault = faultOf(input);
  return fault === undefined ? { value: new Secret(input) } : { problem: `expected ${what}, found ${fault}` };
}

function faultOf(key: string): string | undefined {
  if (key === '') return 'an empty text';
  if (key !== key.trim()) return 'text with a space or a line break at its start or end';
  if (!isBase64(key)) return 'text that is not base64; copy the whole key, with the = signs at its end';
  const bytes = Buffer.from(key, 'base64').length;
  return bytes < fewestBytes || bytes > mostBytes
    ? `a key of ${bytes} ${bytes === 1 ? 'byte' : 'bytes'}`
    : undefined;
}

function isBase64(text: string): boolean {
  return text.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(text);
}
