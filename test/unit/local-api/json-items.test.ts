import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readItems } from '../../../src/local-api/json-items.ts';
import { PostedBody } from '../../../src/local-api/posted-body.ts';

/** As many pieces as there are cuts, and one more. */
function cut(text: string, ...cuts: number[]): PostedBody {
  const bytes = Buffer.from(text);
  const ends = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
  return new PostedBody(ends.slice(1).map((end, index) => bytes.subarray(ends[index], end)));
}

function values(body: PostedBody, type = ''): unknown[] {
  return readItems(body, type, { value: (value) => value });
}

describe('items of a body', () => {
  const bodies: [string, string, unknown[]][] = [
    ['lines', '{"a":1}\n{"a":2}\n', [{ a: 1 }, { a: 2 }]],
    ['lines with blank ones between', '\n{"a":1}\n\r\n  \n{"a":2}', [{ a: 1 }, { a: 2 }]],
    ['lines that are more than ASCII', '{"a":"°C"}\n{"a":"🛰"}\n', [{ a: '°C' }, { a: '🛰' }]],
    ['lines after a byte order mark', '\uFEFF{"a":1}\n{"a":2}', [{ a: 1 }, { a: 2 }]],
    ['a list over several lines', '[\n{"a":1},\n{"a":2}\n]\n', [{ a: 1 }, { a: 2 }]],
    ['an object over several lines', '{\n"a": 1\n}', [{ a: 1 }]],
    ['an object', '{"a":1}', [{ a: 1 }]],
  ];
  for (const [what, text, expected] of bodies)
    it(`are ${what}, in whatever pieces they come`, () => {
      const { length } = Buffer.from(text);
      assert.deepEqual(values(cut(text)), expected);
      for (let one = 0; one <= length; one += 1)
        for (let other = one; other <= length; other += 1)
          assert.deepEqual(values(cut(text, one, other)), expected, `cut at ${one} and ${other}`);
    });

  it('are lines of any JSON, if that is the type', () => {
    assert.deepEqual(values(cut('1\n[2]\n', 1), 'application/x-ndjson'), [1, [2]]);
  });

  it('are not parsed where a line says enough', () => {
    const read = {
      value: (value: unknown, json?: string) => ({ value, json }),
      line: (line: string) => (line.includes('plain') ? { value: line, json: 'plain' } : undefined),
    };
    assert.deepEqual(readItems(cut('{"a":1}\n{"plain":2}\n{"a":3}\r\n', 12), '', read), [
      { value: { a: 1 }, json: '{"a":1}' },
      { value: '{"plain":2}', json: 'plain' },
      { value: { a: 3 }, json: undefined },
    ]);
  });

  it('are refused, by the line they stand in, when one is broken', () => {
    assert.throws(() => values(cut('{"a":1}\n\n{"a":\n', 11)), /^Refusal: cannot read line 3 as JSON: /);
  });

  it('are refused when there are none, or they are no text', () => {
    assert.throws(() => values(cut(' \n ')), /it is empty, and should be JSON/);
    assert.throws(() => values(new PostedBody([Buffer.from('{"a":"'), Buffer.of(0xff)])), /it is not UTF-8/);
  });
});
