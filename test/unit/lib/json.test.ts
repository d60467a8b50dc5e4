import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isJsonObject, isText, parseJson } from '../../../src/lib/json.ts';

describe('parseJson', () => {
  it('reads JSON of any kind', () => {
    assert.deepEqual(['{"a":[1]}', '[]', '"text"', '0', 'false', 'null', ' {} '].map(parseJson), [
      { a: [1] },
      [],
      'text',
      0,
      false,
      null,
      {},
    ]);
  });

  it('gives undefined for what is not JSON', () => {
    const texts = [
      '',
      ' ',
      '{',
      '{"a":1',
      "{'a':1}",
      '{"a":1}{"b":2}',
      'undefined',
      'NaN',
      '\u0000',
      '<html>',
    ];
    assert.deepEqual(
      texts.map(parseJson),
      texts.map(() => undefined),
    );
  });
});

describe('isJsonObject', () => {
  it('is true of objects, and not of arrays, null and the rest', () => {
    const values = [{}, { a: 1 }, [], null, undefined, 'text', 1, true];
    assert.deepEqual(values.map(isJsonObject), [true, true, false, false, false, false, false, false]);
  });
});

describe('isText', () => {
  it('is true of text that says something', () => {
    assert.deepEqual(['a', ' ', '', 1, null, undefined].map(isText), [
      true,
      true,
      false,
      false,
      false,
      false,
    ]);
  });
});
