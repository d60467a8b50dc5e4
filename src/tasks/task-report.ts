import type { JsonObject } from '../lib/json.ts';
import type { ReportedProperties } from '../twin/properties.ts';
import type { TaskRecord } from './task.ts';

/** The twin has 32 KB for everything, and 4 KB for one text (protocol.md 4): whoever wants all asks getTaskStatus. */
const maxText = 512;
const maxDepth = 3;
const maxEntries = 16;

/**
 * What the twin tells of tasks: of each command the last one, as IoT Central wants it of commands that take long
 * (protocol.md 6). Long texts are cut, and lists and what lies deep left out.
 * @param records oldest first
 */
export function tasksReport(records: readonly TaskRecord[]): ReportedProperties {
  const last = new Map(records.map((record) => [record.command, record]));
  return Object.fromEntries(
    [...last].map(([command, record]) => [command, { value: brief({ ...record, command: undefined }, 0) }]),
  );
}

function brief(object: object, depth: number): JsonObject {
  const entries = Object.entries(object).flatMap(([name, value]): [string, unknown][] => {
    const told = briefValue(value, depth);
    return told === undefined ? [] : [[name, told]];
  });
  return Object.fromEntries(entries.slice(0, maxEntries));
}

function briefValue(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return value.length > maxText ? `${value.slice(0, maxText)}…` : value;
  if (typeof value === 'number' || typeof value === 'boolean') return value;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return depth < maxDepth ? brief(value, depth + 1) : undefined;
}
