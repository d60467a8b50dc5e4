import { isDeeper } from '../lib/json.ts';

export type JsonValue = null | boolean | number | string | JsonValue[] | JsonObject;
export interface JsonObject {
  [key: string]: JsonValue;
}

/** An object in JSON's sense: no array, not null. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** No document is nested so deeply, and whatever walks one level at a time, by calling itself, can follow it. */
const deepest = 500;

/** Parses JSON; `undefined` when the text is none, or nested beyond all sense. An empty or blank text is none. */
export function parseJson(text: string, levels = deepest): JsonValue | undefined {
  try {
    const value = JSON.parse(text) as JsonValue;
    // Each level takes two brackets: most texts are too short for that.
    return text.length > 2 * levels && isDeeper(value, levels) ? undefined : value;
  } catch {
    return undefined;
  }
}
