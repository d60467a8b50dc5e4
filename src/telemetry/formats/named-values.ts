import type { JsonObject } from '../../lib/json.ts';

/** Values under their names. Throws when a name stands twice: which of the two is meant cannot be known. */
export function namedValues(pairs: readonly (readonly [string, unknown])[]): JsonObject {
  const names = new Set<string>();
  for (const [name] of pairs) {
    if (names.has(name)) throw new Error(`${JSON.stringify(name)} stands twice`);
    names.add(name);
  }
  return Object.fromEntries(pairs);
}
