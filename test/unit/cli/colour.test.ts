import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { painter } from '../../../src/cli/colour.ts';

const terminal = { isTTY: true };
const xterm = { TERM: 'xterm-256color' };

describe('colours', () => {
  it('stand on a terminal, each ended by itself', () => {
    const paint = painter(terminal, xterm);
    assert.equal(paint.error('no'), '\u001b[31mno\u001b[39m');
    assert.equal(paint.bold(paint.ok('yes')), '\u001b[1m\u001b[32myes\u001b[39m\u001b[22m');
    assert.notEqual(paint.warn('x'), paint.ok('x'));
    assert.notEqual(paint.dim('x'), 'x');
  });

  it('leave an empty text empty', () => {
    assert.equal(painter(terminal, xterm).warn(''), '');
  });

  it('stand nowhere else', () => {
    const cases = [
      painter({}, xterm),
      painter({ isTTY: undefined }, xterm),
      painter({ isTTY: false }, xterm),
      painter(terminal, { TERM: 'dumb' }),
      painter(terminal, { ...xterm, NO_COLOR: '1' }),
    ];
    for (const { ok, warn, error, dim, bold } of cases)
      assert.deepEqual([ok('a'), warn('b'), error('c'), dim('d'), bold('e')], ['a', 'b', 'c', 'd', 'e']);
  });

  it('are not switched off by an empty NO_COLOR', () => {
    assert.notEqual(painter(terminal, { ...xterm, NO_COLOR: '' }).ok('x'), 'x');
  });
});
