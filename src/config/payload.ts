import * as v from 'valibot';
import { pathTo } from './fields.ts';
import type { Form } from './forms.ts';
import { expected, found, isMapping } from './found.ts';
import type { KeyPath } from './positions.ts';

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

/** The largest registration request DPS takes (protocol.md 1.8). */
const maxBytes = 96 * 1024;
/** As deep as the YAML parser goes; only an alias inside its own anchor goes deeper. */
const deepest = 100;

/** The custom allocation payload: any JSON object of at most 96 KB once serialised. */
export const payload: v.GenericSchema<unknown, JsonObject> = Object.assign(readPayload(), {
  form: { type: 'object' } satisfies Form,
});

function readPayload(): v.GenericSchema<unknown, JsonObject> {
  return v.pipe(
    v.unknown(),
    v.rawTransform<unknown, JsonObject>(({ dataset, addIssue, NEVER }) => {
      const problem = problemOf(dataset.value);
      if (problem === undefined) return dataset.value as JsonObject;
      const [first, ...rest] = problem.path;
      addIssue({
        message: problem.message,
        ...(first === undefined ? {} : { path: pathTo(first, ...rest) }),
      });
      return NEVER;
    }),
  );
}

class NotJson extends Error {
  readonly path: KeyPath;

  constructor(message: string, path: KeyPath = []) {
    super(message);
    this.path = path;
  }
}

function problemOf(value: unknown): NotJson | undefined {
  if (!isMapping(value)) return new NotJson(expected('a mapping, which is sent as a JSON object', value));
  try {
    jsonBytes(value, maxBytes, []);
    return undefined;
  } catch (error) {
    if (error instanceof NotJson) return error;
    throw error;
  }
}

/**
 * The size of `value` as JSON in UTF-8 bytes. Stops as soon as it passes `budget`, so that a few nested aliases
 * cannot fill the memory: throws NotJson for that, and for what JSON cannot hold.
 */
function jsonBytes(value: unknown, budget: number, path: KeyPath): number {
  if (path.length > deepest) {
    throw new NotJson(`expected at most ${deepest} levels of nesting; does an alias contain itself?`);
  }
  const isCollection = typeof value === 'object' && value !== null;
  const size = isCollection ? collectionBytes(value, budget, path) : scalarBytes(value, path);
  if (size > budget) throw new NotJson('expected at most 96 KB once written as JSON, found more');
  return size;
}

function collectionBytes(value: object, budget: number, path: KeyPath): number {
  let size = 2;
  const isList = Array.isArray(value);
  for (const [key, item] of Object.entries(value)) {
    if (size > 2) size += 1;
    if (!isList) size += scalarBytes(key, path) + 1;
    size += jsonBytes(item, budget - size, [...path, isList ? Number(key) : key]);
  }
  return size;
}

function scalarBytes(value: unknown, path: KeyPath): number {
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new NotJson(`expected a value that JSON can hold, found ${found(value)}`, path);
  }
  return Buffer.byteLength(JSON.stringify(value));
}
