import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { describeError } from '../../../../src/lib/errors.ts';
import fc from 'fast-check';
import { JsonReading } from '../../../../src/telemetry/reading.ts';
import { jsonReadings, plainReading, readingOf } from '../../../../src/telemetry/formats/json-readings.ts';

/** An object that holds an object, and so on: so many in all. */
function nested(levels: number): unknown {
  return levels === 1 ? { a: 1 } : { a: nested(levels - 1) };
}

describe('a reading of a JSON value', () => {
  it('is an object with values of any kind', () => {
    const values = { a: 1.5, b: 'x', c: true, d: null, e: [1, { f: 2 }], g: {} };
    assert.deepEqual(readingOf(values), { values });
  });

  const refused: [unknown, RegExp][] = [
    [null, /cannot use null as a reading: expected an object such as \{"temperature":21.4\}/],
    [[{ a: 1 }], /cannot use a list as a reading/],
    ['text', /cannot use text as a reading/],
    [1, /cannot use a number as a reading/],
    [true, /cannot use a boolean as a reading/],
    [{}, /cannot use a reading without values/],
    [{ a: { b: [0, JSON.parse('1e999')] } }, /cannot use "a.b.1": expected a finite number/],
    [{ a: { '': 1 } }, /cannot use "a\.": expected a name that is not empty/],
    [nested(11), /expected at most 10 levels of nesting/],
    [JSON.parse(`{"a":${'['.repeat(5000)}${']'.repeat(5000)}}`), /expected at most 10 levels/],
  ];
  for (const [value, reason] of refused)
    it(`is refused: ${String(reason)}`, () => {
      assert.throws(() => readingOf(value), reason);
    });

  it('may be ten levels deep', () => {
    assert.deepEqual(readingOf(nested(10)), { values: nested(10) });
  });
});

describe('the time of a JSON reading', () => {
  const times: [unknown, number][] = [
    ['2026-11-22T08:00:00Z', Date.UTC(2026, 10, 22, 8)],
    ['2026-11-22T08:00Z', Date.UTC(2026, 10, 22, 8)],
    ['2026-11-22T09:00:00.123456+01:00', Date.UTC(2026, 10, 22, 8, 0, 0, 123)],
    [1_790_000_000_000, 1_790_000_000_000],
  ];
  for (const [time, timeMs] of times)
    it(`is ${JSON.stringify(time)}, which stays a value`, () => {
      assert.deepEqual(readingOf({ time, a: 1 }), { values: { time, a: 1 }, timeMs });
    });

  for (const time of [
    'noon',
    '2026-11-22T08:00:00',
    '2026-13-01T00:00:00Z',
    1_790_000_000,
    12.5,
    -1,
    9e15,
    null,
    true,
  ])
    it(`is not ${JSON.stringify(time)}, which is only a value`, () => {
      assert.deepEqual(readingOf({ time }), { values: { time } });
    });
});

describe('a reading of a plain line', () => {
  const plain = [
    '{"a":1}',
    '{"a": -0.5, "b": "x y", "c": true, "d": false, "e": null}',
    '{"Temp °C":21.40,"note":"","timeMs":0}',
    JSON.stringify({ a: 'x'.repeat(4000) }),
  ];
  for (const line of plain)
    it(`is read when somebody asks: ${line.slice(0, 60)}`, () => {
      const reading = plainReading(line);
      assert.ok(reading instanceof JsonReading);
      assert.deepEqual([reading.json, reading.hasTime, reading.timeMs], [line, false, undefined]);
      assert.deepEqual(reading.values, JSON.parse(line));
    });

  const others = [
    '',
    '{}',
    ' {"a":1}',
    '{"a":1}\r',
    '{"a":1}{"a":1}',
    '{"a":1,}',
    '{"a":01}',
    '{"a":1.}',
    '{"a":1e999}',
    '{"a":12345678901234567}',
    '{"":1}',
    '{"a":"\\n"}',
    '{"a":"\t"}',
    '{"a":"x}',
    '{"a":[1]}',
    '{"a":{"b":1}}',
    '{"a":1,"time":1790000000000}',
    '{"\\u0074ime":1790000000000}',
    '{a:1}',
    "{'a':1}",
    '{"a":NaN}',
    '[1]',
    JSON.stringify({ a: 'x'.repeat(5000) }),
    `{"a":1${',"a":1'.repeat(100_000)}`,
  ];
  for (const line of others)
    it(`is for the parser to look at: ${JSON.stringify(line.slice(0, 60))}`, () => {
      assert.equal(plainReading(line), undefined);
    });

  it('is what the parser makes of it, whatever the line', () => {
    const number = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer());
    const value = fc.oneof(
      number,
      fc.string({ unit: 'binary' }),
      fc.boolean(),
      fc.constant(null),
      fc.jsonValue(),
    );
    const name = fc.oneof(fc.constantFrom('time', 'a', 'b', ''), fc.string({ unit: 'binary', maxLength: 5 }));
    const written = fc.dictionary(name, value, { maxKeys: 4 }).map((values) => JSON.stringify(values));
    const spoilt = fc
      .tuple(
        written,
        fc.nat(),
        fc.constantFrom('', '"', '\\', ',', ':', '{', '}', '0', '.', '-', ' ', '\n', 'e'),
      )
      .map(
        ([text, at, by]) =>
          text.slice(0, at % (text.length + 1)) + by + text.slice((at % (text.length + 1)) + 1),
      );
    let plainOnes = 0;
    fc.assert(
      fc.property(fc.oneof(written, spoilt), (line) => {
        const reading = plainReading(line);
        if (reading === undefined) return;
        plainOnes += 1;
        assert.deepEqual(
          { values: reading.values, timeMs: reading.timeMs },
          { timeMs: undefined, ...readingOf(JSON.parse(line)) },
        );
        assert.ok(!('time' in reading.values));
      }),
      { numRuns: 5000 },
    );
    assert.ok(plainOnes > 500, `${plainOnes} plain lines`);
  });
});

describe('readings of JSON text', () => {
  it('are an object, a list, a number, or one of them a line', () => {
    assert.deepEqual(jsonReadings(' 21.4 ', 'temp'), [{ values: { temp: 21.4 } }]);
    assert.deepEqual(jsonReadings('[1, {"a": 2}]', 'temp'), [{ values: { temp: 1 } }, { values: { a: 2 } }]);
    assert.deepEqual(jsonReadings('1\n\n[{"a": 2}]\r\n', 'temp'), [
      { values: { temp: 1 } },
      { values: { a: 2 } },
    ]);
  });

  it('are none for an empty list', () => {
    assert.deepEqual(jsonReadings('[]', 'value'), []);
  });

  const refused: Record<string, string> = {
    '': 'cannot read an empty text: expected JSON',
    '{"a": 1} x': 'cannot read "{\\"a\\": 1} x": expected JSON',
    '{"a": 1}\n{"a": ': 'cannot read "{\\"a\\":": expected JSON',
    '{"a": NaN}': 'cannot read "{\\"a\\": NaN}": expected JSON',
    true: 'cannot read "true": expected an object of values, a list of such objects or a number: cannot use a boolean as a reading: expected an object such as {"temperature":21.4}',
    '[{"a": 1}, {"b": 1e999}]':
      'cannot read "[{\\"a\\": 1}, {\\"b\\": 1e999}]": expected an object of values, a list of such objects or a number: cannot use "b": expected a finite number',
  };
  for (const [text, reason] of Object.entries(refused))
    it(`are refused: ${JSON.stringify(text)}`, () => {
      assert.throws(
        () => jsonReadings(text, 'value'),
        (error) => {
          assert.equal(describeError(error), reason);
          return true;
        },
      );
    });
});
