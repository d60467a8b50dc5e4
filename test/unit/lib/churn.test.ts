import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ChurnMap, ChurnSet } from '../../../src/lib/churn.ts';

const step = fc.record({ key: fc.nat(99), deletes: fc.boolean() });

describe('a ChurnMap', () => {
  it('holds what a Map holds, in the same order, however much comes and goes', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 500 }), (steps) => {
        const [ours, plain] = [new ChurnMap<number, number>(), new Map<number, number>()];
        steps.forEach(({ key, deletes }, turn) => {
          if (deletes) assert.equal(ours.delete(key), plain.delete(key));
          else {
            ours.set(key, turn);
            plain.set(key, turn);
          }
          assert.equal(ours.size, plain.size);
          assert.equal(ours.get(key), plain.get(key));
          assert.equal(ours.has(key), plain.has(key));
        });
        assert.deepEqual([...ours], [...plain]);
        assert.deepEqual([...ours.keys()], [...plain.keys()]);
        assert.deepEqual([...ours.values()], [...plain.values()]);
        ours.clear();
        assert.deepEqual([...ours], []);
      }),
    );
  });
});

describe('a ChurnSet', () => {
  it('holds what a Set holds, in the same order, however much comes and goes', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 500 }), (steps) => {
        const [ours, plain] = [new ChurnSet<number>(), new Set<number>()];
        for (const { key, deletes } of steps) {
          if (deletes) assert.equal(ours.delete(key), plain.delete(key));
          else {
            ours.add(key);
            plain.add(key);
          }
          assert.equal(ours.size, plain.size);
          assert.equal(ours.has(key), plain.has(key));
        }
        assert.deepEqual([...ours], [...plain]);
        ours.clear();
        assert.deepEqual([...ours], []);
      }),
    );
  });
});
