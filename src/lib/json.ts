export type JsonObject = Record<string, unknown>;

/** The value, or `undefined` for text that is not JSON: the caller says what it expected instead. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether there are more lists and objects in one another than this. */
export function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((item) => isDeeper(item, levels - 1));
}

/** A string that says something. */
export function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
