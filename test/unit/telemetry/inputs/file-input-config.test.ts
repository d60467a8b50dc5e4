import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inputsIn } from './configured.ts';

const common = { priority: 'normal', properties: {}, enabled: true, onError: 'retry', intervalMs: 60_000 };

describe('the configuration of a file input', () => {
  it('needs a path, and has defaults for the rest', () => {
    assert.deepEqual(inputsIn('- { name: a, type: file, path: /proc/loadavg }'), [
      {
        ...common,
        name: 'a',
        type: 'file',
        path: '/proc/loadavg',
        value: '{file}',
        format: 'text',
        scale: 1,
        offset: 0,
      },
    ]);
  });

  it('has a line for everything', () => {
    const text = [
      '- name: rails',
      '  type: file',
      '  interval: 5s',
      '  path: /sys/class/hwmon/hwmon*/in?_input',
      '  value: rail{1}_{2}',
      '  pattern: ^(\\d+)$',
      '  scale: 0.001',
      '  offset: -2',
      '  unit: volt',
      '  properties: { site: north }',
    ].join('\n');
    assert.deepEqual(inputsIn(text), [
      {
        ...common,
        intervalMs: 5_000,
        name: 'rails',
        type: 'file',
        path: '/sys/class/hwmon/hwmon*/in?_input',
        value: 'rail{1}_{2}',
        format: 'text',
        pattern: /^(\d+)$/m,
        scale: 0.001,
        offset: -2,
        properties: { site: 'north', unit: 'volt' },
      },
    ]);
  });

  it('calls 1-Wire sensors by their folders, which bear their IDs', () => {
    const [input] = inputsIn(
      '- { name: a, type: file, path: "/sys/bus/w1/devices/28-*/w1_slave", format: w1 }',
    );
    assert.ok(input?.type === 'file');
    assert.equal(input.value, '{dir}');
  });

  it('takes several groups, if one of them is named value', () => {
    const [input] = inputsIn("- { name: a, type: file, path: /a, pattern: '(x)(?<value>y)' }");
    assert.ok(input?.type === 'file');
    assert.deepEqual(input.pattern, /(x)(?<value>y)/m);
  });
});

describe('the configuration of the system input', () => {
  it('has every figure', () => {
    const [input] = inputsIn('- { name: a, type: system }');
    assert.ok(input?.type === 'system');
    assert.equal(input.figures.length, 9);
  });

  it('takes some of them, each once', () => {
    assert.deepEqual(inputsIn('- { name: a, type: system, figures: [disk_wear, cpu, disk_wear] }'), [
      { ...common, name: 'a', type: 'system', figures: ['disk_wear', 'cpu'] },
    ]);
  });
});
