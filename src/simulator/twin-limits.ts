import { isJsonObject } from './json.ts';
import type { JsonObject, JsonValue } from './json.ts';
import { ServiceError } from './service-error.ts';

/** The limits of protocol.md 4. */
export const twinLimits = {
  tagsBytes: 8 * 1024,
  propertiesBytes: 32 * 1024,
  keyBytes: 1024,
  stringBytes: 4 * 1024,
  depth: 10,
  minInteger: -4503599627370496,
  maxInteger: 4503599627370495,
} as const;

const forbiddenInKey = /[.$ \p{Cc}]/u;
const controlCharacters = /\p{Cc}/gu;

/** Throws a ServiceError (400) when a name, string, number or the depth is not allowed in a patch. */
export function checkPatch(patch: JsonObject): void {
  for (const [key, value] of Object.entries(patch)) checkProperty(key, value, 1);
}

/** Throws a ServiceError (400) when a section has become larger than it may be. */
export function checkSize(section: JsonObject, maxBytes: number, what: string): void {
  const bytes = sizeOf(section);
  if (bytes > maxBytes) {
    throw invalid(`cannot keep ${what} of ${bytes} bytes: at most ${maxBytes} are allowed`);
  }
}

/** The size as IoT Hub counts it: UTF-8 of keys and strings, 8 for a number, 4 for a boolean. */
export function sizeOf(value: JsonValue): number {
  if (typeof value === 'string') return Buffer.byteLength(value.replace(controlCharacters, ''));
  if (typeof value === 'number') return 8;
  if (typeof value === 'boolean') return 4;
  if (value === null) return 0;
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + sizeOf(item), 0);
  return Object.entries(value).reduce((sum, [key, item]) => sum + Buffer.byteLength(key) + sizeOf(item), 0);
}

function checkProperty(key: string, value: JsonValue, depth: number): void {
  if (key === '' || forbiddenInKey.test(key)) {
    throw invalid(`cannot use the name ${JSON.stringify(key)}: no '.', '$', space or control character`);
  }
  if (Buffer.byteLength(key) > twinLimits.keyBytes) {
    throw invalid(`cannot use a name of more than ${twinLimits.keyBytes} bytes: ${key.slice(0, 32)}…`);
  }
  if (depth > twinLimits.depth) throw invalid(`cannot nest deeper than ${twinLimits.depth} levels: ${key}`);
  checkValue(key, value, depth);
}

function checkValue(key: string, value: JsonValue, depth: number): void {
  if (Array.isArray(value)) {
    for (const item of value) checkValue(key, item, depth + 1);
  } else if (isJsonObject(value)) {
    for (const [name, item] of Object.entries(value)) checkProperty(name, item, depth + 1);
  } else if (typeof value === 'string') {
    if (Buffer.byteLength(value) > twinLimits.stringBytes) {
      throw invalid(`cannot keep a string of more than ${twinLimits.stringBytes} bytes: ${key}`);
    }
  } else if (typeof value === 'number' && Number.isInteger(value)) {
    if (value < twinLimits.minInteger || value > twinLimits.maxInteger) {
      throw invalid(`cannot keep the number ${value}: ${key} is beyond the allowed range`);
    }
  }
}

function invalid(message: string): ServiceError {
  return new ServiceError('ArgumentInvalid', message);
}
