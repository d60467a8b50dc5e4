import * as v from 'valibot';
import { constructFromEvents, EVENT_ID, parseEvents, YAMLException } from 'js-yaml';
import { itemOf, knownKeys } from '../spelling.ts';
import type { KeyPath } from '../positions.ts';

/** The schema of the value at a path; `document` tells which of several kinds of mapping it is in. */
export function schemaAt(
  schema: v.GenericSchema,
  document: unknown,
  path: KeyPath,
): v.GenericSchema | undefined {
  let [at, value]: [v.GenericSchema | undefined, unknown] = [schema, document];
  for (const key of path) {
    if (at === undefined) return undefined;
    const keys: v.ObjectEntries | undefined = knownKeys(at, value);
    const inside: unknown = typeof key === 'number' ? itemOf(at) : own(keys, key);
    at = inside as v.GenericSchema | undefined;
    value = own(value, key);
  }
  return at;
}

/**
 * A text for a key, as its key takes it: a number, or true or false, where text is not what belongs there. So an ID such
 * as 0042 stays the text that it is.
 */
export function asTaken(schema: v.GenericSchema | undefined, text: string): unknown {
  if (schema === undefined || v.safeParse(schema, text).success) return text;
  const typed = yamlScalar(text);
  return v.safeParse(schema, typed).success || typeof typed !== 'string' ? typed : text;
}

/** The number, truth or nothing that a text is by YAML's core schema; otherwise the text itself. */
function yamlScalar(text: string): unknown {
  try {
    const events = parseEvents(text, {});
    if (events.filter(({ type }) => type === EVENT_ID.SCALAR).length !== 1) return text;
    const [value] = constructFromEvents(events, { source: text, json: true });
    return typeof value === 'number' || typeof value === 'boolean' ? value : text;
  } catch (error) {
    if (error instanceof YAMLException) return text;
    throw error;
  }
}

function own(value: unknown, key: string | number): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
  return (value as Record<string | number, unknown>)[key];
}
