import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { loadConfig } from '../../../../src/config/load.ts';

const fixture = join(import.meta.dirname, '../../../fixtures/config/valid/exec-inputs.yaml');

describe('the configuration of the exec input', () => {
  it('has its defaults, its values in the program’s own terms, and no interval for a program that speaks', async () => {
    const common = { type: 'exec', priority: 'normal', properties: {}, enabled: true, onError: 'retry' };
    assert.deepEqual((await loadConfig(fixture)).config.telemetry.inputs, [
      {
        ...common,
        name: 'least',
        command: ['read-sensor'],
        mode: 'interval',
        intervalMs: 60_000,
        timeoutMs: 10_000,
        maxOutputBytes: 65_536,
        format: 'auto',
        valueName: 'value',
        environment: {},
      },
      {
        ...common,
        name: 'everything',
        command: ['/usr/bin/env', 'sh', '-c', 'echo 21.4', ''],
        mode: 'interval',
        intervalMs: 10_000,
        timeoutMs: 2000,
        maxOutputBytes: 4096,
        format: 'number',
        valueName: 'temperature',
        user: '1000',
        environment: { SENSOR_KEY: 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=' },
        directory: '/var/lib/sensor',
      },
      {
        ...common,
        name: 'following',
        command: ['read-sensor', '--follow'],
        mode: 'lines',
        format: 'influx',
        valueName: 'value',
        user: 'sensor',
        environment: {},
      },
    ]);
  });
});
