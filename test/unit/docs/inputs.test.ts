import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { dump } from 'js-yaml';
import { budget } from '../../../src/config/budget-schema.ts';
import { batch } from '../../../src/config/inputs/batch.ts';
import { commonEntries } from '../../../src/config/inputs/common.ts';
import { execInput } from '../../../src/config/inputs/exec-input.ts';
import { fileInput } from '../../../src/config/inputs/file-input.ts';
import { httpInput } from '../../../src/config/inputs/http-input.ts';
import type { InputConfig } from '../../../src/config/inputs/inputs.ts';
import { mqttInput } from '../../../src/config/inputs/mqtt-input.ts';
import { processing } from '../../../src/config/inputs/processing.ts';
import { socketInput } from '../../../src/config/inputs/socket-input.ts';
import { systemInput } from '../../../src/config/inputs/system-input.ts';
import { parseConfig } from '../../../src/config/parse.ts';
import type { Config } from '../../../src/config/schema.ts';
import { itemOf, keysOf } from '../../../src/config/spelling.ts';
import { Document, rowsOf } from '../../support/document.ts';

const page = new Document('inputs.md');

/** Each type with the least it needs. */
const types = {
  system: [systemInput, ''],
  file: [fileInput, 'path: /a'],
  exec: [execInput, 'command: [a]'],
  http: [httpInput, 'url: http://a'],
  mqtt: [mqttInput, 'url: mqtt://a, topics: [{filter: a}]'],
  socket: [socketInput, ''],
} as const;

const common = ['type', 'interval', ...Object.keys(commonEntries)];

describe('docs/inputs.md', () => {
  it('has no example that the agent would refuse, or warn of', () => {
    const examples = page.blocks.filter(({ type }) => type === 'yaml');
    assert.ok(examples.length >= 12);
    for (const { text } of examples)
      assert.deepEqual(parseConfig(wholeConfig(text), 'inputs.md').warnings, [], text);
  });

  it('has an example of each type of input', () => {
    const shown = page.blocks.flatMap(({ type, text }) =>
      type === 'yaml' ? read(text).telemetry.inputs : [],
    );
    assert.deepEqual([...new Set(shown.map(({ type }) => type))].sort(), Object.keys(types).sort());
  });

  for (const [type, [schema, least]] of Object.entries(types)) {
    it(`explains every key of ${type}, with its default`, () => {
      const own = Object.keys(keysOf(schema) ?? {}).filter((key) => !common.includes(key));
      const rows = rowsOf(page.section(type)).filter(([key = '']) => own.includes(bare(key)));
      assert.deepEqual(rows.map(([key = '']) => bare(key)).sort(), own.sort());
      assertDefaults(rows, (key) => inputWith(type, least, key));
    });
  }

  it('explains every key that all have, with its default', () => {
    const rows = rowsOf(page.section('What every input may have'));
    assert.deepEqual(rows.map(([key = '']) => bare(key)).sort(), common.sort());
    assertDefaults(rows, (key) => inputWith('system', '', key));
  });

  it('explains every key of batch and budget, and every step of the processing', () => {
    const keysIn = (section: string): string[] =>
      rowsOf(page.section(section)).map(([key = '']) => bare(key));
    assert.deepEqual(keysIn('Messages').sort(), Object.keys(keysOf(batch) ?? {}).sort());
    assert.deepEqual(keysIn('Budget').sort(), Object.keys(keysOf(budget) ?? {}).sort());
    const steps = Object.keys(keysOf(itemOf(processing) ?? processing) ?? {});
    assert.ok(steps.length > 0);
    assert.deepEqual(keysIn('Processing').sort(), steps.sort());
    assertDefaults(
      rowsOf(page.section('Messages')),
      (key) => read(`telemetry: { batch: { ${key ?? ''} } }`).telemetry.batch,
    );
  });

  it('explains every figure of the machine', () => {
    const [input] = read('telemetry: { inputs: [{ name: a, type: system }] }').telemetry.inputs;
    assert.ok(input?.type === 'system');
    const section = page.section('system');
    for (const figure of input.figures) assert.match(section, new RegExp(`^\\| \`${figure}\``, 'm'));
  });
});

/** Where the second column has a value, writing that out changes nothing. */
function assertDefaults(rows: readonly string[][], read: (key?: string) => unknown): void {
  for (const [key = '', preset = ''] of rows) {
    const value = /^`(.*)`$/.exec(preset)?.[1];
    if (value === undefined) continue;
    assert.deepEqual(read(`${bare(key)}: ${value}`), read(), `${key}: ${value}`);
  }
}

function inputWith(type: string, least: string, key?: string): InputConfig | undefined {
  const entries = ['name: a', `type: ${type}`, least, key].filter(
    (entry) => entry !== undefined && entry !== '',
  );
  return read(`telemetry: { inputs: [{ ${entries.join(', ')} }] }`).telemetry.inputs[0];
}

function bare(cell: string): string {
  return cell.replaceAll('`', '');
}

function read(telemetry: string): Config {
  return parseConfig(wholeConfig(telemetry), 'inputs.md').config;
}

/** A whole configuration, from what an example shows of it. */
function wholeConfig(telemetry: string): string {
  const attestation = { method: 'symmetric_key', registration_id: 'd', symmetric_key: 'env:KEY' };
  return `${dump({ provisioning: { source: 'dps', scope_id: '0ne0012ABCD', attestation } })}\n${telemetry}`;
}
