import { isDeepStrictEqual } from 'node:util';
import { isJsonObject } from '../../lib/json.ts';
import type { JsonObject } from '../../lib/json.ts';
import { isAcknowledgement } from '../settings/acknowledgements.ts';

/** Whether two values at a path are so near that it is not worth a message to say it; the path is joined by dots. */
export type IsNear = (path: string, had: unknown, wanted: unknown) => boolean;

/**
 * The patch that makes `wanted` of what the twin has: null for what is gone, arrays whole, and of objects only what
 * differs (protocol.md 4). Acknowledgements of desired properties are somebody else's and are left alone. `undefined` when
 * nothing differs by more than `isNear` allows; when something does, all that differs at all is in the patch, since the
 * message is sent anyway.
 */
export function difference(
  had: Readonly<JsonObject>,
  wanted: Readonly<JsonObject>,
  isNear: IsNear = () => false,
): JsonObject | undefined {
  if (within(had, wanted, isNear, '') === undefined) return undefined;
  return within(had, wanted, () => false, '');
}

function within(
  had: Readonly<JsonObject>,
  wanted: Readonly<JsonObject>,
  isNear: IsNear,
  path: string,
): JsonObject | undefined {
  const names = new Set([...Object.keys(had), ...Object.keys(wanted)]);
  const changes = [...names].flatMap((name): [string, unknown][] => {
    const change = changeOf(
      own(had, name),
      own(wanted, name),
      isNear,
      path === '' ? name : `${path}.${name}`,
    );
    return change === undefined ? [] : [[name, change]];
  });
  return changes.length === 0 ? undefined : Object.fromEntries(changes);
}

/** `undefined`: none; `null`: it is to go. */
function changeOf(had: unknown, wanted: unknown, isNear: IsNear, path: string): unknown {
  if (isAcknowledgement(had)) return undefined;
  if (wanted === undefined) return had === undefined ? undefined : gone(had);
  if (isJsonObject(wanted)) {
    if (isJsonObject(had)) return within(had, wanted, isNear, path);
    return wanted;
  }
  return isDeepStrictEqual(had, wanted) || isNear(path, had, wanted) ? undefined : wanted;
}

/** An object goes but for the acknowledgements in it. */
function gone(had: unknown): unknown {
  if (!isJsonObject(had) || !Object.values(had).some(isAcknowledgement)) return null;
  const others = Object.entries(had).filter(([name, value]) => name !== '__t' && !isAcknowledgement(value));
  return others.length === 0 ? undefined : Object.fromEntries(others.map(([name]) => [name, null]));
}

function own(object: Readonly<JsonObject>, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}
