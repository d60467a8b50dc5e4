import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { generate } from 'mqtt-packet';
import { publishPacket } from '../../../src/azure/publish-packet.ts';

const size = fc.oneof(fc.nat(300), fc.constantFrom(16_370, 16_384, 100_000, 262_144, 2_097_152));
const bytes = size.map((length) => Buffer.alloc(length, 0xa5));
const text = fc.string({ unit: 'grapheme', maxLength: 300 });

describe('a PUBLISH packet', () => {
  it('is the one that mqtt-packet makes, whatever its topic and its payload', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', minLength: 1, maxLength: 200 }),
        fc.oneof(bytes, text),
        fc.integer({ min: 1, max: 65_535 }),
        (topic, payload, messageId) => {
          const expected = { cmd: 'publish', topic, payload, messageId, qos: 1 } as const;
          const packet = publishPacket(topic, payload, messageId);
          assert.ok(packet.equals(generate({ ...expected, retain: false, dup: false })));
        },
      ),
    );
  });
});
