import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { payloadReadings } from '../../../../src/telemetry/inputs/mqtt-payload.ts';

describe('a payload', () => {
  const readable: [string, 'auto' | 'json' | 'number', object[]][] = [
    ['21.5', 'auto', [{ values: { temp: 21.5 } }]],
    [' -3e2\n', 'number', [{ values: { temp: -300 } }]],
    ['21.5', 'json', [{ values: { temp: 21.5 } }]],
    ['true', 'auto', [{ values: { temp: true } }]],
    ['false', 'json', [{ values: { temp: false } }]],
    ['{"a":1,"b":{"c":"x"}}', 'auto', [{ values: { a: 1, b: { c: 'x' } } }]],
    ['[{"a":1},{"a":2}]', 'json', [{ values: { a: 1 } }, { values: { a: 2 } }]],
    ['', 'auto', []],
    ['', 'number', []],
  ];
  for (const [text, format, readings] of readable) {
    it(`${JSON.stringify(text)} is read as ${format}`, () => {
      assert.deepEqual(payloadReadings(Buffer.from(text), format, 'temp'), readings);
    });
  }

  const unreadable: [string, 'auto' | 'json' | 'number'][] = [
    ['online', 'auto'],
    ['temp=21.5', 'auto'],
    ['21,5', 'auto'],
    ['{"a":', 'auto'],
    ['"21"', 'json'],
    ['{"a":1e999}', 'json'],
    ['{"a":1}', 'number'],
    ['true', 'number'],
    ['NaN', 'number'],
  ];
  for (const [text, format] of unreadable) {
    it(`${JSON.stringify(text)} is refused as ${format}`, () => {
      assert.throws(() => payloadReadings(Buffer.from(text), format, 'temp'), /^Error: cannot read/);
    });
  }

  it('that is no text is refused', () => {
    const bytes = Buffer.from([0x31, 0xff]);
    assert.throws(() => payloadReadings(bytes, 'auto', 'temp'), /cannot read what is not text in UTF-8/);
  });
});
