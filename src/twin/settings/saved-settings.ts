import { isDeepStrictEqual } from 'node:util';

export interface SavedValue {
  readonly value: unknown;
  /** Of the desired properties that brought it. */
  readonly version: number;
  /** In whose twin, for a setting of the connection. */
  readonly hub?: string;
}

/** By `component.property`. */
export type SavedSettings = Readonly<Record<string, SavedValue>>;

/** Whether the values are the same, whatever versions brought them. */
export function sameValues(a: SavedSettings, b: SavedSettings): boolean {
  return isDeepStrictEqual(valuesIn(a), valuesIn(b));
}

/** Whether they were asked for in the same twins. */
export function sameHubs(a: SavedSettings, b: SavedSettings): boolean {
  return Object.entries(a).every(([name, { hub }]) => hub === b[name]?.hub);
}

/** The names of those that are not the same in both. */
export function differing(a: SavedSettings, b: SavedSettings): string[] {
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...names].filter((name) => !isDeepStrictEqual(a[name]?.value, b[name]?.value));
}

export function valuesIn(saved: SavedSettings): ReadonlyMap<string, unknown> {
  return new Map(Object.entries(saved).map(([name, { value }]) => [name, value]));
}
