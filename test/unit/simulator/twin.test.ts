import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { JsonObject, JsonValue } from '../../../src/simulator/json.ts';
import { sizeOf } from '../../../src/simulator/twin-limits.ts';
import {
  deviceView,
  merge,
  newTwin,
  patchReported,
  patchTwin,
  replaceTwin,
  serviceView,
  twinEtag,
} from '../../../src/simulator/twin.ts';

const [t0, t1, t2] = [
  '2026-01-01T00:00:00.0000000Z',
  '2026-01-02T00:00:00.0000000Z',
  '2026-01-03T00:00:00.0000000Z',
];
const desired = (patch: JsonObject) => ({ properties: { desired: patch } });
const nested = (depth: number): JsonObject => (depth === 1 ? { leaf: 1 } : { level: nested(depth - 1) });

describe('a new twin', () => {
  it('is empty at version 1', () => {
    assert.deepEqual(serviceView(newTwin(t0)), {
      tags: {},
      properties: {
        desired: { $metadata: { $lastUpdated: t0 }, $version: 1 },
        reported: { $metadata: { $lastUpdated: t0 }, $version: 1 },
      },
    });
    assert.equal(twinEtag(newTwin(t0)), 'AAAAAAAAAAE=');
  });

  it('begins with the initial twin, without a null that stands in it', () => {
    const twin = newTwin(t0, { tags: { site: 'n' }, ...desired({ a: { b: 1 }, gone: null }) });
    assert.deepEqual(deviceView(twin), { desired: { a: { b: 1 }, $version: 1 }, reported: { $version: 1 } });
    assert.deepEqual(twin.tags, { site: 'n' });
  });
});

describe('merging', () => {
  const cases: readonly (readonly [JsonObject, JsonObject, JsonObject])[] = [
    [{ a: 1 }, { b: 2 }, { a: 1, b: 2 }],
    [{ a: { b: 1, c: 2 } }, { a: { b: null } }, { a: { c: 2 } }],
    [{ a: [1, 2] }, { a: [3] }, { a: [3] }],
    [{ a: { b: 1 } }, { a: 5 }, { a: 5 }],
    [{ a: 5 }, { a: { b: 1 } }, { a: { b: 1 } }],
    [{ a: 1 }, { a: {} }, { a: {} }],
    [{}, { a: { b: { c: null } } }, { a: { b: {} } }],
    [{}, { gone: null }, {}],
  ];
  for (const [base, patch, merged] of cases) {
    it(`${JSON.stringify(base)} and ${JSON.stringify(patch)}`, () => {
      const before = JSON.stringify(base);
      assert.deepEqual(merge(base, patch), merged);
      assert.equal(JSON.stringify(base), before);
    });
  }
});

describe('patching desired properties', () => {
  it('raises the versions and says what the device is told', () => {
    const { twin, desired: told } = patchTwin(
      newTwin(t0, desired({ a: 1, b: 2 })),
      desired({ a: null, c: { d: 3 } }),
      t1,
    );
    assert.deepEqual(told, { a: null, c: { d: 3 }, $version: 2 });
    assert.deepEqual(twin.desired.properties, { b: 2, c: { d: 3 } });
    assert.deepEqual([twin.desired.version, twin.reported.version, twin.version], [2, 1, 2]);
  });

  it('keeps metadata beside every property, with the version of its last change', () => {
    const first = patchTwin(newTwin(t0), desired({ a: { x: 1, y: 1 } }), t1).twin;
    const second = patchTwin(first, desired({ a: { x: 2, y: null } }), t2).twin;
    const at = (time: string, version: number) => ({ $lastUpdated: time, $lastUpdatedVersion: version });
    assert.deepEqual(second.desired.metadata, { ...at(t2, 3), a: { ...at(t2, 3), x: at(t2, 3) } });
    assert.deepEqual(first.desired.metadata, {
      ...at(t1, 2),
      a: { ...at(t1, 2), x: at(t1, 2), y: at(t1, 2) },
    });
  });

  it('ignores $version and $metadata, which come back with a twin that was read', () => {
    const { desired: told } = patchTwin(newTwin(t0), desired({ a: 1, $version: 99, $metadata: {} }), t1);
    assert.deepEqual(told, { a: 1, $version: 2 });
  });

  it('tells nothing when only tags change; null clears them', () => {
    const first = patchTwin(newTwin(t0, { tags: { a: 1 } }), { tags: { b: 2 } }, t1);
    assert.equal(first.desired, undefined);
    assert.deepEqual(first.twin.tags, { a: 1, b: 2 });
    assert.deepEqual(patchTwin(first.twin, { tags: null }, t1).twin.tags, {});
  });

  it('replaces only the sections that are present, and tells the whole', () => {
    const twin = newTwin(t0, { tags: { a: 1 }, ...desired({ x: 1, y: 2 }) });
    const { twin: replaced, desired: told } = replaceTwin(twin, desired({ y: 3 }), t1);
    assert.deepEqual(told, { y: 3, $version: 2 });
    assert.deepEqual(replaced.tags, { a: 1 });
    assert.deepEqual(replaced.desired.properties, { y: 3 });
  });
});

describe('reported properties', () => {
  const report = (patch: JsonValue | undefined) => patchReported(newTwin(t0), patch, t1);

  it('merge and raise their own version', () => {
    const twin = patchReported(report({ a: { b: 1 } }), { a: { c: 2 } }, t2);
    assert.deepEqual(deviceView(twin)['reported'], { a: { b: 1, c: 2 }, $version: 3 });
    assert.equal(twin.desired.version, 1);
  });

  for (const [what, patch] of [
    ['no object', [1]],
    ['nothing', undefined],
    ['$version', { $version: 3 }],
    ['a dot in a name', { 'a.b': 1 }],
    ['a space in a nested name', { a: { 'b c': 1 } }],
    ['a control character in a name', { 'a\u0007': 1 }],
    ['a name in an array', { a: [{ $b: 1 }] }],
    ['an empty name', { '': 1 }],
    ['a name of 1025 bytes', { [`${'ü'.repeat(512)}x`]: 1 }],
    ['a string of 4097 bytes', { a: 'x'.repeat(4097) }],
    ['an integer too large', { a: 4503599627370496 }],
    ['an integer too small', { a: -4503599627370497 }],
    ['eleven levels', nested(11)],
    ['more than 32 KB', Object.fromEntries(Array.from({ length: 9 }, (_, n) => [`k${n}`, 'x'.repeat(4000)]))],
  ] as const) {
    it(`are refused with ${what}`, () => {
      assert.throws(() => report(patch as JsonValue | undefined), { name: 'ServiceError', status: 400 });
    });
  }

  it('are taken right up to the limits', () => {
    report({
      ['ü'.repeat(512)]: 'x'.repeat(4096),
      most: 4503599627370495,
      least: -4503599627370496,
      deep: nested(9),
      fraction: 0.1,
    });
  });

  it('are counted as the hub counts: keys and strings in UTF-8, 8 a number, 4 a boolean', () => {
    assert.equal(
      sizeOf({ ü: 'é\n', n: 1, b: true, o: { x: null }, l: [1, 'a'] }),
      2 + 2 + 1 + 8 + 1 + 4 + 1 + 1 + 1 + 9,
    );
  });
});
