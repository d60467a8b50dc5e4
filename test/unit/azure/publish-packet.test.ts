import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { generate } from 'mqtt-packet';
import { PacketPieces, publishPackets } from '../../../src/azure/publish-packet.ts';

const size = fc.oneof(fc.nat(300), fc.constantFrom(16_370, 16_384, 100_000, 262_144, 2_097_152));
const bytes = size.map((length) => Buffer.alloc(length, 0xa5));
const text = fc.string({ unit: 'grapheme', maxLength: 300 });

const publish = fc.record({
  topic: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 200 }),
  payload: fc.oneof(bytes, text),
  packetId: fc.integer({ min: 1, max: 65_535 }),
});

describe('PUBLISH packets', () => {
  it('are those that mqtt-packet makes, whatever their topics and payloads', () => {
    fc.assert(
      fc.property(fc.array(publish, { maxLength: 5 }), (publishes) => {
        const expected = publishes.map(({ topic, payload, packetId: messageId }) =>
          generate({ cmd: 'publish', topic, payload, messageId, qos: 1, retain: false, dup: false }),
        );
        assert.ok(
          Buffer.concat([...publishPackets(publishes, new PacketPieces())]).equals(Buffer.concat(expected)),
        );
      }),
    );
  });

  it('are written where others were before, once those have been sent', () => {
    const pieces = new PacketPieces();
    const written = (letter: string): Buffer => {
      const publishes = [{ topic: 't', payload: letter.repeat(50_000), packetId: 1 }];
      const [piece] = publishPackets(publishes, pieces);
      assert.ok(piece);
      assert.ok(piece.subarray(-50_000).equals(Buffer.alloc(50_000, letter)));
      return piece;
    };
    const [first, second] = [written('a'), written('b')];
    assert.notEqual(first.buffer, second.buffer);
    assert.equal(first.at(-1), 'a'.charCodeAt(0));
    pieces.giveBack(first);
    const third = written('c');
    assert.equal(third.buffer, first.buffer);
    for (const piece of [second, third, Buffer.alloc(300_000), Buffer.from('small'), written('d')])
      pieces.giveBack(piece);
    const reused = Array.from({ length: 3 }, () => pieces.take(200_000).buffer);
    assert.equal(new Set(reused).size, 3);
    assert.deepEqual(reused.slice(0, 2), [third.buffer, second.buffer]);
  });

  it('are in one piece as long as that is not large', () => {
    const piecesOf = (bytesEach: number, count: number): number[] => {
      const payload = Buffer.alloc(bytesEach);
      const publishes = Array.from({ length: count }, (_, index) => ({
        topic: 't',
        payload,
        packetId: index + 1,
      }));
      return [...publishPackets(publishes, new PacketPieces())].map(({ length }) => length);
    };
    assert.deepEqual(piecesOf(10, 3), [51]);
    assert.deepEqual(piecesOf(100_000, 5), [200_018, 200_018, 100_009]);
    assert.deepEqual(piecesOf(300_000, 2), [300_009, 300_009]);
    assert.deepEqual(piecesOf(0, 0), []);
  });
});
