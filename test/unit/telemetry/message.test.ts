import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { messageBytes } from '../../../src/telemetry/message.ts';
import { telemetryMessage } from '../../fakes/telemetry-message.ts';

const empty = messageBytes(telemetryMessage('', ''));

describe('messageBytes', () => {
  it('counts the body in UTF-8, not in characters', () => {
    for (const [body, bytes] of [
      ['abc', 3],
      ['Zürich', 7],
      ['€', 3],
      ['🛰', 4],
    ] as const) {
      assert.equal(messageBytes(telemetryMessage('', body)) - empty, bytes, body);
    }
  });

  it('counts what the system properties say', () => {
    assert.equal(messageBytes(telemetryMessage('id-1', '')) - empty, 4);
    assert.equal(empty, Buffer.byteLength('2026-01-01T00:00:00.000Z' + 'application/json' + 'utf-8'));
  });

  it('counts names and values of the application properties, in UTF-8 as well', () => {
    const message = { ...telemetryMessage('', ''), properties: { input: 'système', n: '1' } };
    assert.equal(messageBytes(message) - empty, 5 + 8 + 1 + 1);
  });
});
