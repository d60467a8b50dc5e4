import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Suspects } from '../../../../src/telemetry/sending/suspects.ts';

describe('Suspects', () => {
  function suspected(...ids: string[]): Suspects {
    const suspects = new Suspects();
    for (let end = 0; end < 3; end += 1) suspects.endedBy(ids, true);
    return suspects;
  }

  it('suspects what was in flight at three ends in a row', () => {
    const suspects = new Suspects();
    for (const expected of [false, false, true]) {
      suspects.endedBy(['a', 'b'], true);
      assert.deepEqual([suspects.has('a'), suspects.has('b')], [expected, expected]);
    }
  });

  it('does not suspect what was not in flight at one of them', () => {
    const suspects = new Suspects();
    suspects.endedBy(['a', 'b'], true);
    suspects.endedBy(['b'], true);
    suspects.endedBy(['a', 'b'], true);
    assert.deepEqual([suspects.has('a'), suspects.has('b')], [false, true]);
  });

  it('keeps a suspect that was held back', () => {
    const suspects = suspected('a', 'b');
    suspects.endedBy(['c'], true);
    assert.deepEqual([suspects.has('a'), suspects.has('b')], [true, true]);
  });

  it('clears what the hub acknowledges', () => {
    const suspects = suspected('a');
    suspects.acknowledged('a');
    assert.equal(suspects.has('a'), false);
    assert.deepEqual(suspects.endedBy(['a'], true), []);
  });

  it('convicts what twice was alone in flight before a healthy hub', () => {
    const suspects = suspected('a', 'b');
    assert.deepEqual(suspects.endedBy(['a'], true), []);
    assert.equal(suspects.isGrave('a'), true);
    assert.deepEqual(suspects.endedBy(['b'], true), []);
    assert.deepEqual(suspects.endedBy(['a'], true), ['a']);
  });

  it('convicts nobody before a hub that takes nothing, nor in company', () => {
    const suspects = suspected('a', 'b');
    for (let end = 0; end < 10; end += 1) {
      assert.deepEqual(suspects.endedBy(['a'], false), []);
      assert.deepEqual(suspects.endedBy(['a', 'b'], true), []);
    }
    assert.deepEqual([suspects.timesAlone('a'), suspects.timesAlone('b')], [10, 0]);
    assert.equal(suspects.isGrave('a'), false);
  });

  it('counts as alone only from when it is a suspect', () => {
    const suspects = new Suspects();
    for (let end = 0; end < 4; end += 1) assert.deepEqual(suspects.endedBy(['a'], true), []);
    assert.deepEqual(suspects.endedBy(['a'], true), ['a']);
  });
});
