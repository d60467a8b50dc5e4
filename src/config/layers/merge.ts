import { isMapping } from '../found.ts';
import type { KeyPath } from '../positions.ts';
import { pathId } from './layer.ts';
import type { Layer } from './layer.ts';

export interface Merged {
  readonly document: unknown;
  /** Who has the last word on a value; for one that is missing, who began the mapping that lacks it. */
  ownerOf(path: KeyPath): Layer | undefined;
}

/** No deeper than any schema; only an alias inside its own anchor would go on. */
const deepest = 20;

/**
 * Lays each layer over those before it: mappings key by key, everything else, lists too, whole. A section that is left
 * empty says nothing of one that is not.
 */
export function merge(layers: readonly Layer[]): Merged {
  const owners = new Map<string, Layer>();
  const readable = layers.filter(({ document }) => document !== undefined);
  const document = readable.reduce<unknown>(
    (below, layer) => laidOver(below, layer.document, [], (path) => owners.set(pathId(path), layer)),
    undefined,
  );
  return {
    document: document ?? {},
    ownerOf: (path) => {
      for (let length = path.length; length >= 0; length -= 1) {
        const owner = owners.get(pathId(path.slice(0, length)));
        if (owner !== undefined) return owner;
      }
      return undefined;
    },
  };
}

function laidOver(below: unknown, value: unknown, path: KeyPath, own: (path: KeyPath) => void): unknown {
  if (value === null && isMapping(below)) return below;
  if (!isMapping(below)) own(path);
  if (!isMapping(value) || path.length >= deepest) {
    own(path);
    return value;
  }
  const merged: Record<string, unknown> = isMapping(below) ? { ...below } : {};
  for (const [key, inside] of Object.entries(value)) {
    const before = Object.hasOwn(merged, key) ? merged[key] : undefined;
    merged[key] = laidOver(before, inside, [...path, key], own);
  }
  return merged;
}
