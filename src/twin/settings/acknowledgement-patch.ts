import { isDeepStrictEqual } from 'node:util';
import { isJsonObject } from '../../lib/json.ts';
import type { JsonObject } from '../../lib/json.ts';
import { valueAt } from '../properties.ts';
import type { ReportedProperties } from '../properties.ts';
import { isAcknowledgement } from './acknowledgements.ts';
import type { Acknowledgement, Acknowledgements } from './acknowledgements.ts';

const keys = ['value', 'ac', 'av', 'ad'] as const;

/**
 * What must be reported so that these acknowledgements stand in the twin and no others, given what is reported there. The
 * hub merges objects, so what an older one holds and the new one does not is deleted key by key. Whatever in the reported
 * properties is no acknowledgement is left alone. The part of a component is marked as one, always (protocol.md 7).
 *
 * @param ours the names of the components
 */
export function acknowledgementPatch(
  ours: readonly string[],
  reported: ReportedProperties,
  wanted: Acknowledgements,
): ReportedProperties {
  const components = new Set([...Object.keys(reported), ...wanted.keys()]);
  return Object.fromEntries(
    [...components].flatMap((component) => {
      const patch = componentPatch(valueAt(reported, component), wanted.get(component) ?? new Map());
      const mark = ours.includes(component) ? { __t: 'c' } : {};
      return patch === undefined ? [] : [[component, patch === null ? null : { ...mark, ...patch }]];
    }),
  );
}

function componentPatch(
  reported: unknown,
  wanted: ReadonlyMap<string, Acknowledgement>,
): JsonObject | null | undefined {
  const itself = wanted.get('');
  const before = isJsonObject(reported) ? reported : {};
  if (itself === undefined && isAcknowledgement(reported) && isAlone(before) && wanted.size === 0)
    return null;
  const names = new Set([...Object.keys(before), ...wanted.keys()].filter((name) => name !== ''));
  const changes = [...names].flatMap((name): [string, unknown][] => {
    const [old, next] = [valueAt(before, name), wanted.get(name)];
    if (next === undefined) return isAcknowledgement(old) ? [[name, null]] : [];
    return isDeepStrictEqual(old, next) ? [] : [[name, replacing(old, { ...next })]];
  });
  const own = ownPatch(before, itself);
  if (changes.length + own.length === 0) return undefined;
  return Object.fromEntries([...own, ...changes]);
}

/** Of a component that is itself acknowledged, or was. */
function ownPatch(before: JsonObject, itself: Acknowledgement | undefined): [string, unknown][] {
  if (itself === undefined)
    return isAcknowledgement(before) ? keys.filter((key) => key in before).map((key) => [key, null]) : [];
  return keys.flatMap((key): [string, unknown][] =>
    isDeepStrictEqual(before[key], itself[key]) ? [] : [[key, itself[key] ?? null]],
  );
}

/** The patch that makes `next` of what was there, at every depth. */
function replacing(old: unknown, next: JsonObject): JsonObject {
  const before = isJsonObject(old) ? old : {};
  const gone = Object.keys(before).filter((key) => !Object.hasOwn(next, key));
  const kept = Object.entries(next).map(([key, value]) => [
    key,
    isJsonObject(value) ? replacing(valueAt(before, key), value) : value,
  ]);
  return Object.fromEntries([...gone.map((key) => [key, null]), ...kept]) as JsonObject;
}

/** Whether this place in the reported properties holds something that is no acknowledgement. */
export function isOccupied(reported: unknown): boolean {
  if (reported === undefined || reported === null) return false;
  return !isAcknowledgement(reported) || !isAlone(reported);
}

function isAlone(section: JsonObject): boolean {
  return Object.keys(section).every((key) => keys.some((known) => known === key));
}
