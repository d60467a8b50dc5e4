import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isMapping } from '../../../src/config/found.ts';
import { documentOf } from '../../../src/config/layers/values.ts';
import { withTwin } from '../../../src/cli/twin-values.ts';
import { parseConfig } from '../../../src/config/parse.ts';
import { formatPath } from '../../../src/config/problems.ts';
import { twinSettings } from '../../../src/twin-settings.ts';

const { config, values } = parseConfig(
  [
    'provisioning:',
    '  source: dps',
    '  scope_id: 0ne0012ABCD',
    '  attestation: { method: symmetric_key, registration_id: gateway, symmetric_key: env:KEY }',
    'telemetry:',
    '  inputs:',
    '    - { name: board, type: system, interval: 60s }',
    '    - { name: posted, type: socket }',
    '    - { name: tool, type: exec, command: [x] }',
  ].join('\n'),
  'config.yaml',
);

/** One value of each setting, every field of it another than by default. */
const samples: Readonly<Record<string, unknown>> = {
  'telemetry.intervalSeconds': 7,
  'telemetry.inputs': {
    board: { enabled: false, intervalSeconds: 5, figures: ['cpu'] },
    posted: { enabled: false },
    tool: { intervalSeconds: 0.5 },
  },
  'telemetry.batch': { maxReadings: 9, maxBytes: 2048, maxDelaySeconds: 3, compression: 'gzip' },
  'telemetry.drainRate': 3.5,
  'telemetry.queue': {
    maxBytes: 1_000_000,
    minFreeBytes: 2_000_000,
    high: { maxBytes: 70_000, ttlSeconds: 60 },
    normal: { maxBytes: 80_000, ttlSeconds: 61 },
    low: { maxBytes: 90_000, ttlSeconds: 62 },
  },
  'telemetry.budget': { messagesPerDay: 800, bytesPerMonth: 5_000_000 },
  'log.level': 'debug',
  'log.areas': { twin: 'debug', local_api: 'error' },
  'reporting.intervalSeconds': 11,
  'settings.confirmSeconds': 12,
  'connection.transport': 'mqtt_ws',
  'connection.proxy': 'http://me:secret@proxy:3128',
  'connection.keepAliveSeconds': 33,
  'connection.endpoint': 'dps.example:8884',
};

/** For the twin alone: a file has levels that hold for ever. */
const notInFile = ['log.forSeconds'];

interface Described {
  readonly name: string;
  readonly schema: unknown;
}

/** The names that a setting's values may have, as its model says. */
function fieldsOf(schema: unknown): string[] {
  if (!isMapping(schema)) return [];
  const { fields = [] }: { fields?: readonly Described[] } = schema;
  return fields.flatMap(({ name, schema: inner }) => [name, ...fieldsOf(inner)]);
}

describe('the values from the twin', () => {
  it('are tried here for every setting, with all its fields', () => {
    const ids = twinSettings.settings.map(({ id }) => id).filter((id) => !notInFile.includes(id));
    assert.deepEqual(Object.keys(samples), ids);
    for (const { id, kind } of twinSettings.settings.filter((each) => ids.includes(each.id))) {
      const text = JSON.stringify(samples[id]);
      const missing = fieldsOf(kind.schema).filter(
        (name) => id !== 'log.areas' && !text.includes(`"${name}"`),
      );
      assert.deepEqual(missing, [], id);
    }
  });

  for (const [id, value] of Object.entries(samples)) {
    it(`mean as a file what ${id} means in the twin`, () => {
      const setting = twinSettings.settings.find((each) => each.id === id);
      assert.ok(setting !== undefined && 'value' in setting.check(value, config), id);
      const shown = withTwin(values, { [id]: { value, version: 4 } });
      const asFile = parseConfig(JSON.stringify(documentOf(shown)), 'shown.yaml');
      assert.deepEqual(asFile.config, setting.apply(config, value));
      assert.notDeepEqual(asFile.config, config);
    });
  }

  it('go to one input over those to all, and say which version has set them', () => {
    const shown = withTwin(values, {
      'telemetry.inputs': { value: { board: { intervalSeconds: 5 } }, version: 8 },
      'telemetry.intervalSeconds': { value: 30, version: 7 },
    });
    const of = (key: string): unknown => {
      const each = shown.find(({ path }) => formatPath(path) === key);
      return [each?.value, each?.source, each?.over];
    };
    assert.deepEqual(of('telemetry.inputs[0].interval'), [
      '5s',
      { kind: 'twin', version: 8 },
      'config.yaml:7',
    ]);
    assert.deepEqual(of('telemetry.inputs[2].interval'), ['30s', { kind: 'twin', version: 7 }, 'default']);
  });
});
