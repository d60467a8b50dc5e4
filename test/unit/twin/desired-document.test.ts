import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { JsonObject } from '../../../src/lib/json.ts';
import type { Random } from '../../../src/lib/random.ts';
import { DesiredDocument, mergePatch } from '../../../src/twin/desired-document.ts';
import { oneOf, seededRandom, whole } from '../../fakes/seeded-random.ts';

const json = (text: string): JsonObject => JSON.parse(text) as JsonObject;

describe('mergePatch', () => {
  for (const [rule, target, patch, merged] of [
    ['adds what is new', '{"a":1}', '{"b":2}', '{"a":1,"b":2}'],
    ['leaves alone what is not mentioned', '{"a":{"b":1,"c":2}}', '{"a":{"b":3}}', '{"a":{"b":3,"c":2}}'],
    ['replaces a value', '{"a":1}', '{"a":"x"}', '{"a":"x"}'],
    ['deletes by null', '{"a":1,"b":2}', '{"a":null}', '{"b":2}'],
    [
      'deletes by null further down',
      '{"a":{"b":{"c":1,"d":2}}}',
      '{"a":{"b":{"c":null}}}',
      '{"a":{"b":{"d":2}}}',
    ],
    [
      'leaves the object in place when its last property goes',
      '{"a":{"b":1}}',
      '{"a":{"b":null}}',
      '{"a":{}}',
    ],
    ['deletes a whole object', '{"a":{"b":1}}', '{"a":null}', '{}'],
    [
      'has nothing to delete where there is nothing',
      '{"a":1}',
      '{"x":null,"y":{"z":null}}',
      '{"a":1,"y":{}}',
    ],
    ['replaces an array whole, by index never', '{"a":[1,2,3]}', '{"a":[9]}', '{"a":[9]}'],
    ['empties an array', '{"a":[1]}', '{"a":[]}', '{"a":[]}'],
    ['keeps nulls and objects within an array', '{}', '{"a":[null,{"b":null}]}', '{"a":[null,{"b":null}]}'],
    ['leaves an object in place for an empty one', '{"a":{"b":1}}', '{"a":{}}', '{"a":{"b":1}}'],
    ['replaces a value by an object', '{"a":1}', '{"a":{"b":2}}', '{"a":{"b":2}}'],
    ['replaces an object by a value', '{"a":{"b":2}}', '{"a":1}', '{"a":1}'],
    ['replaces an array by an object', '{"a":[1]}', '{"a":{"b":2}}', '{"a":{"b":2}}'],
    ['replaces an object by an array', '{"a":{"b":2}}', '{"a":[1]}', '{"a":[1]}'],
    ['takes no null over into a new object', '{}', '{"a":{"b":null,"c":1}}', '{"a":{"c":1}}'],
    ['changes nothing for nothing', '{"a":{"b":1}}', '{}', '{"a":{"b":1}}'],
    [
      'keeps false, zero and empty text',
      '{"a":1,"b":1,"c":1}',
      '{"a":false,"b":0,"c":""}',
      '{"a":false,"b":0,"c":""}',
    ],
    [
      'takes names for names',
      '{"__proto__":{"a":1}}',
      '{"__proto__":{"b":2},"constructor":3}',
      '{"__proto__":{"a":1,"b":2},"constructor":3}',
    ],
  ] as const) {
    it(rule, () => {
      assert.equal(JSON.stringify(mergePatch(json(target), json(patch))), JSON.stringify(json(merged)));
    });
  }

  it('changes neither what it merges into nor what it merges', () => {
    const [target, patch] = [json('{"a":{"b":1},"c":[1]}'), json('{"a":{"b":null,"d":{}},"c":[2]}')];
    const before = JSON.stringify([target, patch]);
    mergePatch(target, patch);
    assert.equal(JSON.stringify([target, patch]), before);
  });

  for (let seed = 1; seed <= 20; seed += 1) {
    it(`does as the simplest merge does, on random documents, with seed ${seed}`, () => {
      const random = seededRandom(seed);
      let document = randomObject(random, 3);
      const model = structuredClone(document);
      for (let round = 0; round < 50; round += 1) {
        const patch = randomObject(random, 3);
        document = mergePatch(document, patch);
        mergeInto(model, patch);
        assert.deepEqual(document, model);
      }
    });
  }
});

describe('DesiredDocument', () => {
  const document = (): DesiredDocument => new DesiredDocument({ a: 1, b: { c: 2 }, $version: 5 });

  it('begins with the document in full, without its version among the properties', () => {
    const { properties, version } = document();
    assert.deepEqual([properties, version], [{ a: 1, b: { c: 2 } }, 5]);
  });

  it('applies the next patch', () => {
    const next = document();
    assert.equal(next.apply({ b: { c: null, d: 3 }, $version: 6 }), 'applied');
    assert.deepEqual([next.properties, next.version], [{ a: 1, b: { d: 3 } }, 6]);
  });

  it('applies patches one after another', () => {
    const next = document();
    const outcomes = [6, 7, 8].map((version) => next.apply({ a: version, $version: version }));
    assert.deepEqual(
      [outcomes, next.properties['a'], next.version],
      [['applied', 'applied', 'applied'], 8, 8],
    );
  });

  for (const version of [5, 4, 1, 0, -1]) {
    it(`takes version ${version} after 5 for stale, and stays as it is`, () => {
      const same = document();
      assert.equal(same.apply({ a: 'old', $version: version }), 'stale');
      assert.deepEqual([same.properties, same.version], [{ a: 1, b: { c: 2 } }, 5]);
    });
  }

  for (const version of [7, 100]) {
    it(`takes version ${version} after 5 for a gap, and stays as it is`, () => {
      const same = document();
      assert.equal(same.apply({ a: 'new', $version: version }), 'gap');
      assert.deepEqual([same.properties, same.version], [{ a: 1, b: { c: 2 } }, 5]);
    });
  }
});

/** The rules of protocol.md 4 word for word, into the target itself. */
function mergeInto(target: JsonObject, patch: JsonObject): void {
  for (const key of Object.keys(patch)) {
    const value = patch[key];
    if (value === null) {
      Reflect.deleteProperty(target, key);
    } else if (typeof value !== 'object' || Array.isArray(value)) {
      target[key] = structuredClone(value);
    } else {
      const old = target[key];
      if (typeof old !== 'object' || old === null || Array.isArray(old)) target[key] = {};
      mergeInto(target[key] as JsonObject, value as JsonObject);
    }
  }
}

/** Few names, so that documents and patches meet. Without nulls at the top of what begins as a document it is one. */
function randomObject(random: Random, depth: number): JsonObject {
  const keys = Array.from({ length: whole(random, 4) }, () =>
    oneOf(random, ['a', 'b', 'c', 'd', 'constructor']),
  );
  return Object.fromEntries(keys.map((key) => [key, randomValue(random, depth)]));
}

function randomValue(random: Random, depth: number): unknown {
  const kind = whole(random, depth > 0 ? 8 : 5);
  switch (kind) {
    case 0:
      return null;
    case 1:
      return whole(random, 3);
    case 2:
      return random() < 0.5;
    case 3:
      return oneOf(random, ['', 'x']);
    case 4:
      return Array.from({ length: whole(random, 3) }, () => whole(random, 3));
    default:
      return randomObject(random, depth - 1);
  }
}
