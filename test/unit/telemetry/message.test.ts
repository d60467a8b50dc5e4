import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { messageBytes } from '../../../src/telemetry/message.ts';
import { telemetryDraft } from '../../fakes/telemetry-message.ts';

const empty = messageBytes(telemetryDraft(''));

describe('messageBytes', () => {
  it('counts the body in UTF-8, not in characters', () => {
    for (const [body, bytes] of [
      ['abc', 3],
      ['Zürich', 7],
      ['€', 3],
      ['🛰', 4],
    ] as const) {
      assert.equal(messageBytes(telemetryDraft(body)) - empty, bytes, body);
    }
    assert.equal(messageBytes({ ...telemetryDraft(), body: Buffer.from([0, 255, 128]) }) - empty, 3);
  });

  it('counts what the system properties say, and room for the numbering', () => {
    const said = '2026-01-01T00:00:00.000Z' + 'application/json' + 'utf-8' + 'test';
    const numbering =
      '00000000-0000-4000-8000-000000000000' + String(Number.MAX_SAFE_INTEGER) + 'input' + 'sequence';
    assert.ok(empty >= said.length + numbering.length);
    assert.ok(empty <= said.length + 100);
    assert.equal(messageBytes(telemetryDraft('', { component: 'pump' })) - empty, 4);
    assert.equal(messageBytes(telemetryDraft('', { contentEncoding: undefined })) - empty, -5);
  });

  it('counts names and values of the application properties, in UTF-8 as well', () => {
    const properties = { place: 'système', n: '1' };
    assert.equal(messageBytes(telemetryDraft('', { properties })) - empty, 5 + 8 + 1 + 1);
    assert.equal(messageBytes(telemetryDraft('', { input: 'tést' })) - empty, 1);
  });
});
