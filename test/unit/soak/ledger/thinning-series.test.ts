import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ThinningSeries } from '../../../../src/soak/ledger/thinning-series.ts';

test('steps double when there are too many, and nothing is lost', () => {
  const series = new ThinningSeries(['a', 'b'], 1000, 10);
  for (let second = 0; second < 35; second += 1) series.count('a', second * 1000);
  series.count('b', 0, 3);
  assert.equal(series.stepMs, 4000);
  const { a, b } = series.series();
  assert.deepEqual(a, [4, 4, 4, 4, 4, 4, 4, 4, 3]);
  assert.deepEqual(b, [3, 0, 0, 0, 0, 0, 0, 0, 0]);
});

test('60 hours are two thousand steps at the most', () => {
  const series = new ThinningSeries(['a']);
  series.count('a', 60 * 3_600_000);
  const { a } = series.series();
  assert.ok(a.length <= 2000 && a.length > 1000);
  assert.equal(a.at(-1), 1);
});
