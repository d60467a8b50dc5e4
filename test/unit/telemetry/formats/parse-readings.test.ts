import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { describeError } from '../../../../src/lib/errors.ts';
import { parseReadings } from '../../../../src/telemetry/formats/parse-readings.ts';
import type { ReadingFormat } from '../../../../src/telemetry/formats/parse-readings.ts';

const told = (text: string, format: ReadingFormat = 'auto'): unknown[] =>
  parseReadings(text, format, 'value').map(({ values }) => values);

const refusal = (text: string, format: ReadingFormat = 'auto'): string => {
  try {
    return `read: ${JSON.stringify(parseReadings(text, format, 'value'))}`;
  } catch (error) {
    return describeError(error);
  }
};

describe('the format auto', () => {
  const forms: Record<string, unknown[]> = {
    '{"temp": 21.4}': [{ temp: 21.4 }],
    ' [{"a": 1}, {"a": 2}]\n': [{ a: 1 }, { a: 2 }],
    '{"a": 1}\n{"a": 2}\n': [{ a: 1 }, { a: 2 }],
    '21.4\n': [{ value: 21.4 }],
    '-3e-2': [{ value: -0.03 }],
    'temp=21.4 state=ok': [{ temp: 21.4, state: 'ok' }],
    'temp=21.4,humidity=40': [{ temp: 21.4, humidity: 40 }],
    'temp=21.4\nhumidity=40\n': [{ temp: 21.4, humidity: 40 }],
    'url="a=b, c d=e"': [{ url: 'a=b, c d=e' }],
    'weather temp=21.4': [{ measurement: 'weather', temp: 21.4 }],
    'weather,room=hall temp=21.4,n=2i': [{ measurement: 'weather', room: 'hall', temp: 21.4, n: 2 }],
    '# of today\nweather temp=1': [{ measurement: 'weather', temp: 1 }],
    '1wire,bus=2 temp=1': [{ measurement: '1wire', bus: '2', temp: 1 }],
  };
  for (const [text, expected] of Object.entries(forms)) {
    it(`reads ${JSON.stringify(text)}`, () => {
      assert.deepEqual(told(text), expected);
    });
  }

  it('refuses what has none of the forms, and says which it knows', () => {
    const forms = 'expected JSON, a number, Influx line protocol or key=value';
    assert.equal(refusal('sensor not found'), `cannot read "sensor not found": ${forms}`);
    assert.equal(refusal(' \n'), `cannot read an empty text: ${forms}`);
    assert.equal(refusal('true'), `cannot read "true": ${forms}`);
    assert.equal(refusal('"text"'), `cannot read "\\"text\\"": ${forms}`);
    assert.equal(refusal('\u0000\u0001'), `cannot read "\\u0000\\u0001": ${forms}`);
  });

  it('judges by the form that the text begins with', () => {
    assert.equal(refusal('{"a": 1'), 'cannot read "{\\"a\\": 1": expected JSON');
    assert.equal(refusal('21.4 C'), 'cannot read "21.4 C": expected one number and nothing else');
  });

  it('reads every pair and every line of protocol as what it is', () => {
    const name = fc.stringMatching(/^[a-z][a-z_]{0,8}$/).filter((word) => word !== 'measurement');
    const number = fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e9, max: 1e9 });
    fc.assert(
      fc.property(name, name, number, (first, second, value) => {
        assert.deepEqual(told(`${first}=${value}`), [{ [first]: Number(String(value)) }]);
        assert.deepEqual(told(`${first} ${second}=${value}`), [
          { measurement: first, [second]: Number(String(value)) },
        ]);
      }),
    );
  });

  it('never throws anything but a sentence, whatever comes', () => {
    const alphabet = Array.from('abc=, ".\\{}[]:#-+e019ti\n\u0000');
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...alphabet) }), (text) => {
        assert.match(refusal(text), /^(?:read: \[|cannot read )/);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('a text that cannot be read', () => {
  it('is shown by its first 60 characters, none of them cut in half', () => {
    assert.equal(
      refusal('🌡'.repeat(500), 'number'),
      `cannot read "${'🌡'.repeat(60)}…": expected one number and nothing else`,
    );
    assert.match(refusal('x'.repeat(60), 'number'), /"x{60}"/);
    assert.match(refusal('x'.repeat(61), 'number'), /"x{60}…"/);
  });

  it('is refused in time, however long and odd', () => {
    for (const odd of ['a=', '\\', '"', 'a,', 'a b="', ',a=b', ' ', 'a b=1,', '[', '1', '{"a":'])
      for (const format of ['auto', 'influx', 'key_value', 'number', 'json'] as const)
        assert.match(refusal(odd.repeat(60_000 / odd.length), format), /^(?:read: |cannot read )/);
  });
});

describe('the format number', () => {
  it('takes one number under the name it is given', () => {
    assert.deepEqual(parseReadings(' 021.40\r\n', 'number', 'temperature'), [
      { values: { temperature: 21.4 } },
    ]);
    assert.deepEqual(told('+.5', 'number'), [{ value: 0.5 }]);
  });

  for (const text of ['21,4', '1 2', '0x10', 'NaN', 'Infinity', '1e999', '', '1_000', '--1'])
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.match(refusal(text, 'number'), /expected one number and nothing else$/);
    });
});

describe('the format key_value', () => {
  it('reads numbers, truths, text, and what is in quotes as text', () => {
    assert.deepEqual(told('a=1.5,b=-2e3 c=true\td=false e=on f="true" g="1" h=""\n', 'key_value'), [
      { a: 1.5, b: -2000, c: true, d: false, e: 'on', f: 'true', g: '1', h: '' },
    ]);
  });

  it('reads quotes, backslashes, separators and = in quotes, and = in a value', () => {
    assert.deepEqual(told(String.raw`a="say \"x=1, y\" \\ \n" b=c=d`, 'key_value'), [
      { a: String.raw`say "x=1, y" \ \n`, b: 'c=d' },
    ]);
  });

  it('takes __proto__ for a name like any other', () => {
    assert.deepEqual(Object.entries(parseReadings('__proto__=1', 'key_value', 'v')[0]?.values ?? {}), [
      ['__proto__', 1],
    ]);
  });

  const refused: Record<string, RegExp> = {
    '': /an empty text: expected name=value/,
    'temp=': /"temp=": expected name=value/,
    'a=1 temp = 21': /"temp = 21": expected name=value/,
    'a=1 b': /"b": expected name=value/,
    'a="open': /"a=\\"open": expected name=value/,
    'a="1"b=2': /expected name=value/,
    'a=1 a=2': /expected each name once: "a" stands twice/,
    'a=1 temp=nan': /"temp=nan": expected a finite number/,
    'temp=-Infinity': /expected a finite number/,
  };
  for (const [text, reason] of Object.entries(refused))
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.match(refusal(text, 'key_value'), reason);
    });
});

describe('the format influx', () => {
  it('reads tags and fields under their names, beside the measurement, and the time', () => {
    const line = String.raw`my\ weather\,x,room\ a=first\=floor temp=21.5,n=-3i,u=7u,ok=t,no=FALSE,note="a \"b\", c=d \\" 1790000000123456789`;
    assert.deepEqual(parseReadings(line, 'influx', 'value'), [
      {
        values: {
          measurement: 'my weather,x',
          'room a': 'first=floor',
          temp: 21.5,
          n: -3,
          u: 7,
          ok: true,
          no: false,
          note: String.raw`a "b", c=d \ `.trim(),
        },
        timeMs: 1_790_000_000_123,
      },
    ]);
  });

  it('reads each line by itself, and skips empty ones and comments', () => {
    assert.deepEqual(told('a x=1\r\n\n# remark\nb x=2\n', 'influx'), [
      { measurement: 'a', x: 1 },
      { measurement: 'b', x: 2 },
    ]);
  });

  const refused: Record<string, RegExp> = {
    '': /an empty text: expected line protocol/,
    '# only a remark': /expected line protocol/,
    'temp=1': /expected line protocol/,
    'a x=1 soon': /expected line protocol/,
    'a x=1 1.5': /expected line protocol/,
    'a,b x=1': /expected line protocol/,
    'a x="open': /expected line protocol/,
    'a x=word': /expected fields that are numbers/,
    'a x=1.5i': /expected fields that are numbers/,
    'a x=-1u': /expected fields that are numbers/,
    'a x=NaN': /expected fields that are numbers/,
    'a,x=b x=1': /expected each name once: "x" stands twice/,
    'a x=1\nb': /cannot read "b": expected line protocol/,
  };
  for (const [text, reason] of Object.entries(refused))
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.match(refusal(text, 'influx'), reason);
    });
});
