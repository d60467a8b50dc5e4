import { isJsonObject, parseJson, type JsonObject } from '../../../lib/json.ts';
import { mostValues, selectEach, type Extraction } from './extraction.ts';
import { atPointer } from './json-pointer.ts';

/**
 * The values in a JSON document: those that are selected, each by its pointer, or every member of an object that holds
 * nothing but numbers, texts, truths, and nulls, which are left out. Throws when there is no such document.
 */
export function jsonValues(text: string, select: Readonly<Record<string, string>> | undefined): Extraction {
  const document = parseJson(text);
  if (document === undefined) throw new Error('the answer is not JSON');
  if (select === undefined) return { values: wholeObject(document), failures: [] };
  return selectEach(select, (pointer) => scalarAt(document, pointer));
}

type Scalar = string | number | boolean;

function scalarAt(document: unknown, pointer: string): Scalar {
  const value = atPointer(document, pointer);
  if (isScalar(value)) return value;
  const where = pointer === '' ? 'the whole answer' : pointer;
  if (value === undefined) throw new Error(`there is nothing at ${where}`);
  if (value === null) throw new Error(`there is null at ${where}`);
  throw new Error(`there is ${kindOf(value)} at ${where}: write a pointer to what is in it`);
}

function wholeObject(document: unknown): JsonObject {
  if (!isJsonObject(document))
    throw new Error(`the answer is ${kindOf(document)}, not an object: write select`);
  const members = Object.entries(document).filter(([, value]) => value !== null);
  const nested = members.find(([, value]) => !isScalar(value));
  if (nested !== undefined)
    throw new Error(`${JSON.stringify(nested[0])} is ${kindOf(nested[1])}, which is no value: write select`);
  if (members.length > mostValues)
    throw new Error(`the answer has more than ${mostValues} values: write select`);
  if (members.length === 0) throw new Error('the answer has no values');
  return Object.fromEntries(members);
}

function isScalar(value: unknown): value is Scalar {
  return (
    ['string', 'boolean'].includes(typeof value) || (typeof value === 'number' && Number.isFinite(value))
  );
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  if (typeof value === 'string') return 'a text';
  // JSON.parse makes Infinity of 1e999.
  return typeof value === 'number' && !Number.isFinite(value)
    ? 'a number beyond what can be held'
    : String(value);
}
