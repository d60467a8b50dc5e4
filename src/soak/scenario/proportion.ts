import { field } from '../../config/fields.ts';
import type { Field } from '../../config/fields.ts';
import { expected } from '../../config/found.ts';
import type { Parsed } from '../../config/found.ts';

/** A share of all, such as `30%`, as a number up to 1; `least` is one too. */
export function proportion(least: number): Field<number> {
  return field((input) => parseProportion(input, least), { type: 'string' });
}

export function parseProportion(input: unknown, least: number): Parsed<number> {
  const what = 'a share such as 30%';
  if (typeof input !== 'string') return { problem: expected(what, input) };
  const digits = /^(\d{1,3}(?:\.\d+)?) ?%$/.exec(input)?.[1];
  const share = Number(digits) / 100;
  if (digits === undefined || share > 1 || share < least) return { problem: expected(what, input) };
  return { value: share };
}
