import { isJsonObject } from './json.ts';
import type { JsonObject, JsonValue } from './json.ts';
import { checkPatch, checkSize, twinLimits } from './twin-limits.ts';
import { ServiceError } from './service-error.ts';

/** Desired or reported properties with the metadata that mirrors them. Values are never changed in place. */
export interface TwinSection {
  readonly properties: JsonObject;
  readonly metadata: JsonObject;
  readonly version: number;
}

export interface Twin {
  readonly tags: JsonObject;
  readonly desired: TwinSection;
  readonly reported: TwinSection;
  /** Goes up with every change of any part; the etag is made of it. */
  readonly version: number;
}

/** What a service sends to change a twin; `null` clears a part. */
export interface TwinPatch {
  readonly tags?: JsonObject | null | undefined;
  readonly properties?: { readonly desired?: JsonObject | null | undefined } | undefined;
}

/** A changed twin and what the device must be told: the desired patch, when there was one. */
export interface TwinChange {
  readonly twin: Twin;
  readonly desired: JsonObject | undefined;
}

/** `time` is a service timestamp, here and below. */
export function newTwin(time: string, initial: TwinPatch = {}): Twin {
  const empty = { properties: {}, metadata: { $lastUpdated: time }, version: 1 };
  const twin: Twin = { tags: {}, desired: empty, reported: empty, version: 1 };
  const { tags, properties } = initial;
  const desired = withoutReserved(properties?.desired ?? {});
  checkPatch(desired);
  checkPatch(tags ?? {});
  return {
    ...twin,
    tags: merge({}, tags ?? {}),
    desired: {
      properties: merge({}, desired),
      metadata:
        Object.keys(desired).length === 0
          ? empty.metadata
          : mergeMetadata({}, desired, { $lastUpdated: time, $lastUpdatedVersion: 1 }),
      version: 1,
    },
  };
}

/** The device's patch of its reported properties. Throws a ServiceError when it is not acceptable. */
export function patchReported(twin: Twin, patch: JsonValue | undefined, time: string): Twin {
  if (!isJsonObject(patch))
    throw new ServiceError('ArgumentInvalid', 'cannot read the reported properties: no JSON object');
  checkPatch(patch);
  const reported = patchSection(twin.reported, patch, { $lastUpdated: time });
  checkSize(reported.properties, twinLimits.propertiesBytes, 'reported properties');
  return { ...twin, reported, version: twin.version + 1 };
}

/** The service's patch of tags and desired properties. Throws a ServiceError when it is not acceptable. */
export function patchTwin(twin: Twin, patch: TwinPatch, time: string): TwinChange {
  const desired = patch.properties?.desired;
  if (desired === null) return replaceTwin(twin, { ...patch, properties: { desired: {} } }, time);
  const changed = { ...twin, tags: patchTags(twin.tags, patch.tags), version: twin.version + 1 };
  if (desired === undefined) return { twin: changed, desired: undefined };
  const cleaned = withoutReserved(desired);
  checkPatch(cleaned);
  const section = patchSection(twin.desired, cleaned, versionedStamp(twin.desired, time));
  checkSize(section.properties, twinLimits.propertiesBytes, 'desired properties');
  return { twin: { ...changed, desired: section }, desired: { ...cleaned, $version: section.version } };
}

/** Replaces the parts that are present and leaves the others; the device is told the whole new section. */
export function replaceTwin(twin: Twin, document: TwinPatch, time: string): TwinChange {
  const tags = document.tags === undefined ? twin.tags : patchTags({}, document.tags);
  const changed = { ...twin, tags, version: twin.version + 1 };
  if (document.properties?.desired === undefined) return { twin: changed, desired: undefined };
  const cleaned = withoutReserved(document.properties.desired ?? {});
  checkPatch(cleaned);
  const empty = { ...twin.desired, properties: {}, metadata: {} };
  const section = patchSection(empty, cleaned, versionedStamp(twin.desired, time));
  checkSize(section.properties, twinLimits.propertiesBytes, 'desired properties');
  return {
    twin: { ...changed, desired: section },
    desired: { ...section.properties, $version: section.version },
  };
}

/** What a device gets: both sections with their versions, neither tags nor metadata (protocol.md 3.5). */
export function deviceView(twin: Twin): JsonObject {
  return {
    desired: { ...twin.desired.properties, $version: twin.desired.version },
    reported: { ...twin.reported.properties, $version: twin.reported.version },
  };
}

/** What a service gets: tags, and both sections with versions and metadata. */
export function serviceView(twin: Twin): JsonObject {
  const section = ({ properties, metadata, version }: TwinSection): JsonObject => ({
    ...properties,
    $metadata: metadata,
    $version: version,
  });
  return {
    tags: twin.tags,
    properties: { desired: section(twin.desired), reported: section(twin.reported) },
  };
}

/** Base64 of the version as eight bytes, big end first. */
export function twinEtag(twin: Twin): string {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(twin.version));
  return bytes.toString('base64');
}

/** Objects merge, null deletes, everything else replaces; arrays are values. */
export function merge(base: JsonObject, patch: JsonObject): JsonObject {
  const merged = { ...base };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) Reflect.deleteProperty(merged, key);
    else merged[key] = isJsonObject(value) ? merge(objectOrEmpty(base[key]), value) : value;
  }
  return merged;
}

function mergeMetadata(base: JsonObject, patch: JsonObject, stamp: JsonObject): JsonObject {
  const merged: JsonObject = { ...base, ...stamp };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) Reflect.deleteProperty(merged, key);
    else
      merged[key] = isJsonObject(value)
        ? mergeMetadata(objectOrEmpty(base[key]), value, stamp)
        : { ...stamp };
  }
  return merged;
}

function patchSection(section: TwinSection, patch: JsonObject, stamp: JsonObject): TwinSection {
  return {
    properties: merge(section.properties, patch),
    metadata: mergeMetadata(section.metadata, patch, stamp),
    version: section.version + 1,
  };
}

function patchTags(tags: JsonObject, patch: JsonObject | null | undefined): JsonObject {
  if (patch === undefined) return tags;
  if (patch === null) return {};
  checkPatch(patch);
  const merged = merge(tags, patch);
  checkSize(merged, twinLimits.tagsBytes, 'tags');
  return merged;
}

function versionedStamp(section: TwinSection, time: string): JsonObject {
  return { $lastUpdated: time, $lastUpdatedVersion: section.version + 1 };
}

/** Services send a twin back as they read it: what the hub itself adds is not theirs to change. */
function withoutReserved(properties: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(properties).filter(([key]) => key !== '$version' && key !== '$metadata'),
  );
}

function objectOrEmpty(value: JsonValue | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}
