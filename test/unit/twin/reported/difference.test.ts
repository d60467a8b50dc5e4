import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { mergePatch } from '../../../../src/twin/desired-document.ts';
import { difference } from '../../../../src/twin/reported/difference.ts';

const leaf = fc.oneof(
  fc.integer(),
  fc.boolean(),
  fc.constantFrom('a', 'b'),
  fc.array(fc.integer(), { maxLength: 2 }),
);
const { tree } = fc.letrec<{ tree: Record<string, unknown>; node: unknown }>((tie) => ({
  node: fc.oneof({ maxDepth: 3 }, leaf, tie('tree')),
  tree: fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), tie('node'), {
    maxKeys: 4,
    noNullPrototype: true,
  }),
}));

describe('difference', () => {
  it('makes what is wanted of whatever the twin has, and says nothing when that is so', () => {
    fc.assert(
      fc.property(tree, tree, (had, wanted) => {
        const patch = difference(had, wanted) ?? {};
        assert.deepEqual(mergePatch(had, patch), mergePatch({}, wanted));
        assert.equal(difference(wanted, wanted), undefined);
      }),
    );
  });

  it('deletes what is gone, and sends arrays whole', () => {
    const had = { a: { old: 1, list: [1, 2], same: true }, gone: { x: 1 } };
    assert.deepEqual(difference(had, { a: { list: [1, 3], same: true, fresh: 'x' } }), {
      a: { old: null, list: [1, 3], fresh: 'x' },
      gone: null,
    });
  });

  it('leaves acknowledgements alone, also where all else goes', () => {
    const reprovision = { value: 7, ac: 200, av: 3, ad: 'asked' };
    assert.equal(
      difference({ provisioning: { reprovision, hub: 'h' } }, { provisioning: { hub: 'h' } }),
      undefined,
    );
    assert.deepEqual(difference({ provisioning: { __t: 'c', reprovision, hub: 'h' } }, {}), {
      provisioning: { hub: null },
    });
    assert.equal(
      difference({ queue: { __t: 'c', depth: reprovision } }, { queue: { __t: 'c', depth: 4 } }),
      undefined,
    );
  });

  it('takes names of every object for names only', () => {
    assert.deepEqual(difference({}, { constructor: { toString: 1 } }), { constructor: { toString: 1 } });
  });
});
