import assert from 'node:assert/strict';
import { test } from 'node:test';
import { numberedReading, readNumbered } from '../../../../src/soak/load/numbered-reading.ts';

test('a reading is as long as it should be, says whose it is and is known again', () => {
  const line = numberedReading('soak-1', 17, 300);
  assert.equal(line.length, 300);
  assert.deepEqual(readNumbered(JSON.parse(line)), { agent: 'soak-1', n: 17, isIntact: true });
});

test('one that should be shorter than its number and name is as short as can be', () => {
  assert.deepEqual(readNumbered(JSON.parse(numberedReading('a', 1, 0))), {
    agent: 'a',
    n: 1,
    isIntact: true,
  });
});

test('whatever is changed on the way is noticed', () => {
  const reading = JSON.parse(numberedReading('soak-1', 17, 300)) as object;
  for (const change of [{ n: 18 }, { agent: 'soak-2' }, { pad: 'short' }, { sum: 1 }]) {
    assert.equal(readNumbered({ ...reading, ...change })?.isIntact, false, JSON.stringify(change));
  }
});

test('what no feeder has posted is none', () => {
  for (const body of [undefined, null, 7, 'n', [], {}, { n: 1 }, { n: 0.5, agent: 'a', pad: '', sum: 0 }]) {
    assert.equal(readNumbered(body), undefined);
  }
});
