import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isJsonObject } from '../../../../src/lib/json.ts';
import type { JsonObject } from '../../../../src/lib/json.ts';
import { factModel } from '../../../../src/twin/reported/model.ts';
import { fitted } from '../../../../src/twin/reported/room.ts';
import { reportedSections } from '../../../../src/twin/reported/sections.ts';
import type { DeviceFacts } from '../../../../src/twin/reported/sections.ts';
import { facts } from './facts.ts';

/** Not in the model, and why that is so stands there. */
const elsewhere = ['inputs', 'deviceInformation'];
const lists = ['health.troubles'];

function told(changes: Partial<DeviceFacts>, maxBytes = 32 * 1024): JsonObject {
  return fitted(reportedSections(facts(changes)), maxBytes);
}

const { queue } = facts();
const backlog = { messages: 9, bytes: 900, oldestMs: Date.parse('2026-01-01T00:30:30Z') };

/** Together they have everything there is to be reported. */
const devices = [
  told({}),
  told({
    lastError: { code: 'NET-REFUSED', at: new Date('2026-01-01T00:10:00Z'), remedy: 'look' },
    queue: {
      ...queue,
      storage: 'memory',
      trouble: 'no space left',
      priorities: { ...queue.priorities, low: backlog },
    },
    clock: { state: 'suspect', sinceMs: 0, reason: 'it is behind', offsetMs: 90_400 },
  }),
  told({}, 700),
];

/** What in a value is not as its schema has it, by its path. */
function misfits(schema: unknown, value: unknown, path: string): string[] {
  const is = (right: boolean): string[] => (right ? [] : [`${path}: ${JSON.stringify(value)}`]);
  if (schema === 'string') return is(typeof value === 'string');
  if (schema === 'dateTime') return is(typeof value === 'string' && !Number.isNaN(Date.parse(value)));
  if (schema === 'double') return is(typeof value === 'number');
  if (schema === 'integer' || schema === 'long') return is(Number.isInteger(value));
  if (!isJsonObject(schema) || !isJsonObject(value)) return is(false);
  if (schema['@type'] === 'Map') {
    const { schema: inner } = schema['mapValue'] as JsonObject;
    return Object.entries(value).flatMap(([name, item]) => misfits(inner, item, `${path}.${name}`));
  }
  const fields = new Map((schema['fields'] as JsonObject[]).map(({ name, schema: inner }) => [name, inner]));
  return Object.entries(value).flatMap(([name, item]) => misfits(fields.get(name), item, `${path}.${name}`));
}

describe('the model of the facts', () => {
  it('describes every fact that is reported, and with the right schema', () => {
    const model: Readonly<Record<string, Readonly<Record<string, unknown>>>> = factModel;
    const wrong = devices.flatMap((sections) =>
      Object.entries(sections)
        .filter(([section]) => !elsewhere.includes(section))
        .flatMap(([section, values]) => {
          const entries = Object.entries(values as JsonObject);
          return entries
            .filter(([name]) => name !== '__t' && !lists.includes(`${section}.${name}`))
            .flatMap(([name, value]) => misfits(model[section]?.[name], value, `${section}.${name}`));
        }),
    );
    assert.deepEqual(wrong, []);
  });

  it('describes nothing that is never reported', () => {
    const never = Object.entries(factModel).flatMap(([section, fields]) =>
      Object.keys(fields)
        .filter((name) => !devices.some((sections) => hasValue(sections[section], name)))
        .map((name) => `${section}.${name}`),
    );
    assert.deepEqual(never, []);
  });
});

function hasValue(section: unknown, name: string): boolean {
  return isJsonObject(section) && section[name] !== undefined;
}
