import { expected, type Parsed } from './found.ts';

/** Reads `4KB`, `256MB`, `1GB` (units of 1024) or a plain number of bytes. */
export function parseByteSize(input: unknown): Parsed<number> {
  const what = 'a size such as 256KB, 100MB or 1GB';
  if (typeof input === 'number' && Number.isInteger(input) && input >= 0) return { value: input };
  const match = typeof input === 'string' ? form.exec(input.trim()) : null;
  if (match === null) return { problem: expected(what, input) };
  const [, number = '', unit = ''] = match;
  return { value: Math.round(Number(number) * (factors[unit[0]?.toUpperCase() ?? ''] ?? 1)) };
}

const form = /^(\d+(?:\.\d+)?) ?(B|[kKMGT]i?B)?$/;
const factors: Readonly<Record<string, number>> = { B: 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3, T: 1024 ** 4 };
