import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RecentNumbers } from '../../../../src/soak/ledger/recent-numbers.ts';

test('a number has one value', () => {
  const numbers = new RecentNumbers();
  assert.equal(numbers.has(5), false);
  assert.ok(numbers.agrees(5, 0));
  assert.ok(numbers.has(5));
  assert.ok(numbers.agrees(5, 0));
  assert.ok(!numbers.agrees(5, 1));
});

test('the oldest are forgotten, and that is counted', () => {
  const numbers = new RecentNumbers();
  for (let key = 0; key < 100 * 1024; key += 1) numbers.agrees(key, key);
  assert.equal(numbers.forgottenPages, 36);
  assert.equal(numbers.has(0), false);
  assert.ok(!numbers.agrees(100 * 1024 - 1, 7));
});
