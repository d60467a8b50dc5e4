import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { readHead, readMessage, recordBytes, writeRecord } from '../../../../src/telemetry/queue/record.ts';
import { draft } from './world.ts';

const facts = { sequence: 7, ttlMs: undefined, clockTrusted: true };

it('takes at most 36 bytes besides the body', () => {
  assert.ok(recordBytes(draft(''), undefined) <= 36, String(recordBytes(draft(''), undefined)));
});

it('reads back every message as it was written', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 300 });
  const kinds = fc.constantFrom(
    { contentType: 'application/json', contentEncoding: 'utf-8' },
    { contentType: 'application/json', contentEncoding: 'gzip' },
    { contentType: 'application/octet-stream', contentEncoding: undefined },
    { contentType: 'text/csv', contentEncoding: 'utf-16' },
  );
  const content = fc.record({
    body: fc.oneof(
      text,
      fc.uint8Array().map((bytes) => Buffer.from(bytes)),
    ),
    input: text,
    component: fc.option(text, { nil: undefined }),
    properties: fc.dictionary(
      text.filter((name) => name !== '__proto__'),
      text,
      { maxKeys: 5 },
    ),
    createdAtMs: fc.nat(2 ** 48 - 1),
    ttlMs: fc.option(fc.nat(2 ** 48 - 1), { nil: undefined }),
    sequence: fc.nat(2 ** 48 - 1),
    clockTrusted: fc.boolean(),
  });
  fc.assert(
    fc.property(kinds, content, (kind, { ttlMs, sequence, clockTrusted, ...rest }) => {
      const message = { ...draft(''), ...kind, ...rest };
      const length = recordBytes(message, ttlMs);
      const buffer = Buffer.alloc(length + 10);
      writeRecord(buffer, 5, length, message, { sequence, ttlMs, clockTrusted }, 99);
      const head = readHead(buffer, 5, 5, 99);
      assert.ok(head);
      assert.deepEqual(
        [head.length, head.sequence, head.ttlMs, head.clockTrusted],
        [length, sequence, ttlMs, clockTrusted],
      );
      const read = readMessage(buffer, 5, head, 'ABCDEFGH', 'normal');
      const expected = { ...message, properties: { ...message.properties } };
      assert.deepEqual(read, { ...expected, messageId: `ABCDEFGH-${sequence}`, sequence });
    }),
  );
});

it('takes nothing for a record that is damaged, elsewhere, or not all there', () => {
  const message = draft('{"t":21}', { component: 'boiler', properties: { a: 'b' } });
  const length = recordBytes(message, undefined);
  const buffer = Buffer.alloc(length);
  writeRecord(buffer, 0, length, message, facts, 1);
  assert.ok(readHead(buffer, 0, 0, 1));
  assert.equal(readHead(buffer, 0, 0, 2), undefined, 'at another place');
  for (let at = 0; at < length; at += 1) {
    assert.equal(readHead(buffer.subarray(0, at), 0, 0, 1), undefined, `cut at ${at}`);
    const damaged = Buffer.from(buffer);
    damaged.writeUInt8(damaged.readUInt8(at) ^ 0x10, at);
    assert.equal(readHead(damaged, 0, 0, 1), undefined, `damaged at ${at}`);
  }
});
