import { isJsonObject } from '../lib/json.ts';

/** Desired properties as IoT Hub sends them: in full, or as a patch in which null deletes (protocol.md 3.5, 4). */
export type DesiredProperties = Readonly<Record<string, unknown>> & { readonly $version: number };

/** A patch to the reported properties; null deletes. */
export type ReportedProperties = Readonly<Record<string, unknown>>;

/** One report of several that may touch the same objects; unlike a merge at the hub, null is kept. */
export function combine(...reports: readonly ReportedProperties[]): ReportedProperties {
  const combined = new Map<string, unknown>();
  for (const [name, value] of reports.flatMap((report) => Object.entries(report))) {
    const before = combined.get(name);
    combined.set(name, isJsonObject(before) && isJsonObject(value) ? combine(before, value) : value);
  }
  return Object.fromEntries(combined);
}

/** What stands there; a name such as `constructor` is one like any other. */
export function valueAt(properties: unknown, ...path: readonly string[]): unknown {
  return path.reduce(
    (value, name) => (isJsonObject(value) && Object.hasOwn(value, name) ? value[name] : undefined),
    properties,
  );
}
