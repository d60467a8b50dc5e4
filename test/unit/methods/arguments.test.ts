import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as v from 'valibot';
import { closest } from '../../../src/config/suggest.ts';
import {
  flag,
  moment,
  momentMs,
  oneOf,
  secret,
  text,
  wholeNumber,
} from '../../../src/methods/argument-kinds.ts';
import { readArguments, requestModel } from '../../../src/methods/arguments.ts';
import type { Method } from '../../../src/methods/method.ts';

const args = v.object({
  level: oneOf(['debug', 'info']),
  seconds: v.optional(wholeNumber(1, 60), 10),
  zip: v.optional(flag),
  url: v.optional(secret(text('a URL of a blob', /^https:/))),
});

function read(payload: unknown, schema: Method['args'] = args): unknown {
  const method: Method = { name: 'm', handle: () => Promise.reject(new Error('not called')) };
  return readArguments({ ...method, args: schema }, payload, closest);
}

function problem(payload: unknown, schema?: Method['args']): string {
  const { problem: sentence } = read(payload, schema) as { problem?: string };
  assert.ok(sentence !== undefined, 'arguments were accepted that should not be');
  return sentence;
}

describe('arguments', () => {
  it('are read, with what was left out', () => {
    assert.deepEqual(read({ level: 'info' }), { args: { level: 'info', seconds: 10 } });
  });

  for (const nothing of [undefined, null, '', {}]) {
    it(`are none in ${nothing === undefined ? 'an empty body' : JSON.stringify(nothing)}`, () => {
      assert.deepEqual(read(nothing, v.object({ zip: v.optional(flag, false) })), { args: { zip: false } });
    });
  }

  for (const [payload, sentence] of [
    [7, 'expected the arguments as an object, by their names, found 7'],
    ['debug', 'expected the arguments as an object, by their names, found "debug"'],
    [[1], 'expected the arguments as an object, by their names, found a list'],
    [{}, 'level: missing: expected debug or info'],
    [{ level: 'trace' }, 'level: expected debug or info, found "trace"'],
    [{ level: { a: 1 } }, 'level: expected debug or info, found an object'],
    [{ level: 'info', seconds: '7' }, 'seconds: expected a whole number from 1 to 60, found "7"'],
    [{ level: 'info', seconds: 0.5 }, 'seconds: expected a whole number from 1 to 60, found 0.5'],
    [{ level: 'info', zip: null }, 'zip: expected true or false, found null'],
    [{ level: 'info', second: 1 }, 'unknown argument "second"; did you mean seconds?'],
    [{ level: 'info', x: 1 }, 'unknown argument "x"; known are level, seconds, zip, url'],
    [JSON.parse('{"level":"info","__proto__":1}'), /^unknown argument "__proto__"/],
    [{ level: 'info', constructor: 1 }, /^unknown argument "constructor"/],
  ] as const) {
    it(`of ${JSON.stringify(payload)} are refused with the reason`, () => {
      if (typeof sentence === 'string') assert.equal(problem(payload), sentence);
      else assert.match(problem(payload), sentence);
    });
  }

  it('that are secret are refused without being quoted', () => {
    assert.equal(problem({ level: 'info', url: 'http://x?sig=abc' }), 'url: expected a URL of a blob');
  });

  it('are none for a method without any', () => {
    const method: Method = { name: 'm', handle: () => Promise.reject(new Error('not called')) };
    assert.deepEqual(readArguments(method, undefined, closest), { args: {} });
    assert.deepEqual(readArguments(method, { now: true }, closest), {
      problem: 'unknown argument "now"; it takes no arguments',
    });
  });

  it('may have any schema of valibot, whose sentences are made ours', () => {
    const schema = v.pipe(
      v.object({ n: v.number(), deep: v.optional(v.object({ s: v.string() })) }),
      v.check(() => true),
    );
    assert.equal(problem({ n: 'x' }, schema), 'n: expected number, found "x"');
    assert.equal(problem({}, schema), 'n: missing');
    assert.equal(problem({ n: 1, deep: { s: 2 } }, schema), 'deep.s: expected string, found 2');
    assert.match(problem({ n: 1, m: 2 }, schema), /^unknown argument "m"/);
  });

  it('quote no more than the beginning of a text, and nothing that looks like a key', () => {
    assert.equal(
      problem({ level: 'x'.repeat(50) }),
      `level: expected debug or info, found "${'x'.repeat(40)}…"`,
    );
    const key = Buffer.alloc(32, 7).toString('base64');
    assert.equal(problem({ level: key }), 'level: expected debug or info, found "[secret]"');
  });
});

describe('the model of arguments', () => {
  it('has each that DTDL v2 has a word for', () => {
    const args = v.object({
      level: v.optional(oneOf(['info', 'debug'])),
      count: v.optional(wholeNumber(1, 2), 1),
      on: flag,
      since: v.optional(moment),
      url: secret(text('a URL')),
      any: secret(v.unknown()),
    });
    const enumValues = ['info', 'debug'].map((name) => ({ name, enumValue: name }));
    assert.deepEqual(requestModel({ args }), {
      '@type': 'Object',
      fields: [
        { name: 'level', schema: { '@type': 'Enum', valueSchema: 'string', enumValues } },
        { name: 'count', schema: 'integer' },
        { name: 'on', schema: 'boolean' },
        { name: 'since', schema: 'string' },
        { name: 'url', schema: 'string' },
      ],
    });
    assert.equal(requestModel({ args: v.object({}) }), undefined);
    assert.equal(requestModel({}), undefined);
  });
});

describe('a moment', () => {
  const now = Date.parse('2026-11-22T10:00:00Z');
  for (const [given, expected] of [
    ['2026-11-22T09:30:00Z', '2026-11-22T09:30:00.000Z'],
    ['2026-11-22T10:30:00.5+01:00', '2026-11-22T09:30:00.500Z'],
    ['90s', '2026-11-22T09:58:30.000Z'],
    ['10m', '2026-11-22T09:50:00.000Z'],
    ['2h', '2026-11-22T08:00:00.000Z'],
    ['1d', '2026-11-21T10:00:00.000Z'],
  ] as const) {
    it(`may be ${given}`, () => {
      assert.equal(new Date(momentMs(v.parse(moment, given), now)).toISOString(), expected);
    });
  }

  for (const wrong of [
    '',
    'yesterday',
    '2026-11-22',
    '2026-11-22T09:30:00',
    '2026-13-22T09:30:00Z',
    '10',
    10,
    null,
  ]) {
    it(`may not be ${JSON.stringify(wrong)}`, () => {
      assert.ok(!v.is(moment, wrong));
    });
  }
});
