import { isJsonObject } from '../../lib/json.ts';
import type { JsonObject } from '../../lib/json.ts';

/** Of the reported properties (protocol.md 4). */
export const twinLimits = {
  /** As `sizeOf` counts. */
  bytes: 32 * 1024,
  /** Older hubs take no longer names than this; newer ones 1 KB. */
  nameBytes: 64,
  stringBytes: 4 * 1024,
  depth: 10,
  smallest: -(2 ** 52),
  largest: 2 ** 52 - 1,
} as const;

const refusedInNames = /[.$\s\p{Cc}]/gu;
const controlCharacters = /\p{Cc}/gu;

/** The size as IoT Hub counts it: UTF-8 of names and texts, 8 for a number, 4 for true or false (protocol.md 4). */
export function sizeOf(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value.replace(controlCharacters, ''));
  if (typeof value === 'number') return 8;
  if (typeof value === 'boolean') return 4;
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + sizeOf(item), 0);
  if (!isJsonObject(value)) return 0;
  return Object.entries(value).reduce((sum, [name, item]) => sum + Buffer.byteLength(name) + sizeOf(item), 0);
}

/**
 * What the twin can take of these properties: names without dots, dollar signs and blanks, of two that become one the
 * second numbered; texts cut at 4 KB; numbers within the integers it knows; nothing below ten levels. A value that JSON
 * has no word for is left out.
 */
export function takeable(properties: Readonly<JsonObject>): JsonObject {
  return namesIn(properties, 1);
}

function namesIn(properties: Readonly<JsonObject>, depth: number): JsonObject {
  const taken = new Map<string, unknown>();
  for (const [name, value] of Object.entries(properties)) {
    const kept = valueAt(value, depth);
    if (kept !== undefined) taken.set(freeName(takeableName(name), taken), kept);
  }
  return Object.fromEntries(taken);
}

function valueAt(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return cutText(value, twinLimits.stringBytes);
  if (typeof value === 'number') return numberIn(value);
  if (typeof value === 'boolean') return value;
  if (depth >= twinLimits.depth) return undefined;
  if (Array.isArray(value)) return value.map((item) => valueAt(item, depth + 1)).filter(isThere);
  return isJsonObject(value) ? namesIn(value, depth + 1) : undefined;
}

function isThere(value: unknown): boolean {
  return value !== undefined;
}

function numberIn(value: number): number | undefined {
  if (!Number.isFinite(value)) return undefined;
  // JSON has no -0: added to 0 it is 0.
  return Math.min(twinLimits.largest, Math.max(twinLimits.smallest, value)) + 0;
}

function takeableName(name: string): string {
  const cleaned = cutText(name.replace(refusedInNames, '_'), twinLimits.nameBytes, '');
  return cleaned === '' ? '_' : cleaned;
}

function freeName(name: string, taken: ReadonlyMap<string, unknown>): string {
  for (let number = 1; ; number += 1) {
    const ending = number === 1 ? '' : `_${number}`;
    const candidate = cutText(name, twinLimits.nameBytes - ending.length, '') + ending;
    if (!taken.has(candidate)) return candidate;
  }
}

/** Never through the middle of a character; a text that is cut ends with the mark, which is within the limit. */
export function cutText(text: string, maxBytes: number, mark = '…'): string {
  if (Buffer.byteLength(text) <= maxBytes) return text;
  let [kept, bytes] = ['', Buffer.byteLength(mark)];
  for (const character of text) {
    bytes += Buffer.byteLength(character);
    if (bytes > maxBytes) break;
    kept += character;
  }
  return kept + mark;
}
