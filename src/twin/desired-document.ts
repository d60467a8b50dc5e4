import { isDeepStrictEqual } from 'node:util';
import { isJsonObject } from '../lib/json.ts';
import type { JsonObject } from '../lib/json.ts';
import type { DesiredProperties } from './properties.ts';

/** What a patch turned out to be: the next one, one already known, or one that comes after others were missed. */
export type PatchOutcome = 'applied' | 'stale' | 'gap';

/**
 * The desired properties as IoT Hub has them, kept from a full document and the patches that follow it. Merged here and
 * not by the SDK, which merges arrays by index and forgets deletions (azure-node-sdk.md 5.3).
 */
export class DesiredDocument {
  #properties: JsonObject;
  #version: number;

  constructor(full: DesiredProperties) {
    const { $version, ...properties } = full;
    this.#properties = properties;
    this.#version = $version;
  }

  get properties(): Readonly<JsonObject> {
    return this.#properties;
  }

  get version(): number {
    return this.#version;
  }

  isSame(other: DesiredDocument): boolean {
    return this.#version === other.#version && isDeepStrictEqual(this.#properties, other.#properties);
  }

  /** Applies a patch if it is the next; versions count up by one (protocol.md 3.5, 4). */
  apply(patch: DesiredProperties): PatchOutcome {
    const { $version, ...changes } = patch;
    if ($version <= this.#version) return 'stale';
    if ($version > this.#version + 1) return 'gap';
    this.#properties = mergePatch(this.#properties, changes);
    this.#version = $version;
    return 'applied';
  }
}

/** Merges as IoT Hub does: objects recursively, null deletes, everything else, arrays too, replaces (protocol.md 4). */
export function mergePatch(target: Readonly<JsonObject>, patch: Readonly<JsonObject>): JsonObject {
  const merged = new Map(Object.entries(target));
  for (const [key, value] of Object.entries(patch)) {
    const old = merged.get(key);
    if (value === null) merged.delete(key);
    else merged.set(key, isJsonObject(value) ? mergePatch(isJsonObject(old) ? old : {}, value) : value);
  }
  return Object.fromEntries(merged);
}
