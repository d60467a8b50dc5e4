import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fits } from '../../../src/messages/rule.ts';
import { someMessage } from './some-message.ts';

describe('a rule', () => {
  it('without conditions is for every message', () => {
    assert.ok(fits({ properties: {} }, someMessage()));
  });

  it('asks for all of its conditions', () => {
    const match = { properties: { job: 'set-*', site: '*' }, messageId: 'm-*', contentType: '*/json' };
    const message = { messageId: 'm-1', contentType: 'text/json', properties: { job: 'set-', site: '' } };
    assert.ok(fits(match, someMessage(message)));
    assert.ok(!fits(match, someMessage({ ...message, messageId: 'x-1' })));
    assert.ok(!fits(match, someMessage({ ...message, contentType: 'text/plain' })));
    assert.ok(!fits(match, someMessage({ ...message, properties: { job: 'set-' } })));
  });

  it('asks for what is not there in vain, even with *', () => {
    assert.ok(!fits({ properties: { site: '*' } }, someMessage()));
    assert.ok(!fits({ properties: { constructor: '*' } }, someMessage()));
    assert.ok(!fits({ properties: {}, messageId: '*' }, someMessage()));
  });

  const cases: readonly (readonly [pattern: string, text: string, fits: boolean])[] = [
    ['set', 'set', true],
    ['set', 'sets', false],
    ['Set', 'set', false],
    ['*', '', true],
    ['a*b', 'ab', true],
    ['a*b', 'a\nb', true],
    ['ab*ba', 'aba', false],
    ['a*b*c', 'a-c-b-c', true],
    ['a*b*c', 'acb', false],
    ['*a*a*', 'a', false],
    ['.*', 'x', false],
    ['**', 'x', true],
  ];
  for (const [pattern, text, expected] of cases)
    it(`${JSON.stringify(pattern)} ${expected ? 'fits' : 'does not fit'} ${JSON.stringify(text)}`, () => {
      assert.equal(fits({ properties: { p: pattern } }, someMessage({ properties: { p: text } })), expected);
    });

  it('of many stars does not take for ever', () => {
    const match = { properties: { p: '*a'.repeat(500) + 'b' } };
    assert.ok(!fits(match, someMessage({ properties: { p: 'a'.repeat(60_000) } })));
  });
});
