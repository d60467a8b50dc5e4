import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { LineSplitter, utf8 } from '../../../../src/telemetry/inputs/exec/line-splitter.ts';
import type { Line } from '../../../../src/telemetry/inputs/exec/line-splitter.ts';

const shown = (line: Line): string | number => ('bytes' in line ? utf8(line.bytes) : line.droppedBytes);

/** The lines of these chunks, then what is left, if anything. */
function split(chunks: readonly Uint8Array[], maxBytes = 100): (string | number)[] {
  const splitter = new LineSplitter(maxBytes);
  const lines = chunks.flatMap((chunk) => [...splitter.push(Buffer.from(chunk))].map(shown));
  const rest = splitter.rest();
  return rest === undefined ? lines : [...lines, `rest: ${shown(rest)}`];
}

const inChunks = (text: string, bytes: number): Buffer[] => {
  const whole = Buffer.from(text);
  return Array.from({ length: Math.ceil(whole.length / bytes) }, (_, n) =>
    whole.subarray(n * bytes, (n + 1) * bytes),
  );
};

describe('lines of a stream of bytes', () => {
  it('are the same, wherever the chunks end: in a character, at a line end', () => {
    const text = fc.string({ unit: fc.constantFrom('a', '°', '🌡', '\n', ' ') });
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 7 }), (given, bytes) => {
        const lines = given.split('\n');
        const rest = lines.pop() ?? '';
        assert.deepEqual(
          split(inChunks(given, bytes), 1000),
          rest === '' ? lines : [...lines, `rest: ${rest}`],
        );
      }),
    );
  });

  it('are dropped as a whole when they are too long, with their length; the next is read', () => {
    for (const bytes of [1, 3, 100])
      assert.deepEqual(split(inChunks(`12345\n123456\n12\n${'x'.repeat(40)}`, bytes), 5), [
        '12345',
        6,
        '12',
        'rest: 40',
      ]);
  });

  it('are refused when they are not UTF-8', () => {
    assert.throws(
      () => split([Buffer.from('21.4 \xb0C\n', 'latin1')]),
      /cannot read "21.4 °C": expected UTF-8/,
    );
  });
});
