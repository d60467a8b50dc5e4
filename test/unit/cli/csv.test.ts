import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CsvReader, csvField } from '../../../src/cli/csv.ts';
import type { CsvRecord } from '../../../src/cli/csv.ts';

function read(text: string, pieceLength = text.length): CsvRecord[] {
  const reader = new CsvReader();
  const records: CsvRecord[] = [];
  for (let at = 0; at < text.length; at += pieceLength)
    records.push(...reader.push(text.slice(at, at + pieceLength)));
  return [...records, ...reader.end()];
}

function fieldsOf(text: string): (readonly string[])[] {
  return read(text).map((record) => ('fields' in record ? record.fields : assert.fail(record.problem)));
}

describe('a CSV file', () => {
  it('has fields with commas, quotes and line breaks, when they are quoted', () => {
    assert.deepEqual(fieldsOf('a,"b, c","say ""hello""","two\nlines"\n'), [
      ['a', 'b, c', 'say "hello"', 'two\nlines'],
    ]);
  });

  for (const [name, lineBreak] of [
    ['CRLF', '\r\n'],
    ['LF', '\n'],
    ['CR', '\r'],
  ] as const) {
    it(`may end its lines with ${name}, the last one with nothing`, () => {
      const expected = [
        { line: 1, fields: ['a', 'b'] },
        { line: 2, fields: ['', ''] },
        { line: 4, fields: ['c', ''] },
      ];
      assert.deepEqual(read(['a,b', ',', '', 'c,'].join(lineBreak)), expected);
      assert.deepEqual(read(['a,b', ',', '', 'c,', ''].join(lineBreak)), expected);
    });
  }

  it('reads the same in pieces of any length', () => {
    const text =
      'id,name\r\n"a","x ""y"" z"\r\n\r\nb,"two\r\nlines"\r\nbad"one,\r\n"c"d,\r\ne,"open\r\nf,g\r\n';
    const whole = read(text);
    assert.deepEqual(
      whole.map(({ line }) => line),
      [1, 2, 4, 6, 7, 8, 9],
    );
    for (let length = 1; length < text.length; length += 1) assert.deepEqual(read(text, length), whole);
  });

  it('loses only the line of a quote that is never closed, near the end or far from it', () => {
    for (const rows of [2, 2000]) {
      const text = `"open,x\n${'a,b\n'.repeat(rows)}`;
      const [first, ...others] = read(text, 1000);
      assert.ok(first !== undefined && 'problem' in first);
      assert.match(first.problem, /quote/);
      assert.equal(first.line, 1);
      assert.equal(others.length, rows);
      assert.deepEqual(others.at(-1), { line: rows + 1, fields: ['a', 'b'] });
    }
  });

  it('gives up a line that does not end, without keeping it', () => {
    const reader = new CsvReader();
    const problems = Array.from({ length: 100 }, () => reader.push('x'.repeat(5000))).flat();
    assert.equal(problems.length, 100);
    assert.deepEqual(reader.end(), []);
  });

  it('is written so that it reads back', () => {
    for (const value of ['plain', 'a,b', 'say "x"', 'two\r\nlines', '', ' spaces ', "it's"]) {
      assert.deepEqual(fieldsOf(`${csvField(value)},end\n`), [[value, 'end']]);
    }
    assert.equal(csvField('plain'), 'plain');
  });
});
