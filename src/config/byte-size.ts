import type { Form } from './forms.ts';
import { expected, found, type Parsed } from './found.ts';

/** Reads `4KB`, `256MB`, `1.5GB` (units of 1024, with or without an i as in `KiB`) or a plain number of bytes. */
export function parseByteSize(input: unknown): Parsed<number> {
  const bytes =
    typeof input === 'number' ? whole(input) : typeof input === 'string' ? textToBytes(input) : undefined;
  if (bytes !== undefined) return { value: bytes };
  return { problem: expected('a size such as 256KB, 100MB or 1GB', input) + hint(input) };
}

const form = /^(\d+(?:\.\d+)?) ?(?:([KMGT])i?)?B?$/;
const factors: Readonly<Record<string, number>> = { K: 1024, M: 1024 ** 2, G: 1024 ** 3, T: 1024 ** 4 };

/** For editors. */
export const byteSizeForm: Form = {
  type: ['string', 'integer'],
  minimum: 0,
  pattern: '^\\d+(\\.\\d+)? ?([KMGT]i?B|B)?$',
};

function textToBytes(text: string): number | undefined {
  const match = form.exec(text);
  // A unit without its B may be meant in bits, or in bytes.
  if (match === null || (match[2] !== undefined && !text.endsWith('B'))) return undefined;
  const [, number, unit = ''] = match;
  const bytes = Number(number) * (factors[unit] ?? 1);
  return unit === '' ? whole(bytes) : Math.round(bytes);
}

function whole(bytes: number): number | undefined {
  return Number.isSafeInteger(bytes) && bytes >= 0 ? bytes : undefined;
}

/** People write "64kb", "1 Gb" and "256M". */
function hint(input: unknown): string {
  if (typeof input !== 'string') return '';
  const plain = input
    .toUpperCase()
    .replaceAll(/\s/g, '')
    .replace(/BYTES?$/, 'B')
    .replace(/([KMGT])I?B?$/, '$1B');
  return textToBytes(plain) === undefined ? '' : `; did you mean ${found(plain)}?`;
}
