import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeVerdict } from '../../../../src/soak/judge/describe-verdict.ts';
import { judge } from '../../../../src/soak/judge/judge.ts';
import { evidence, ledgerEntry, limits, samples } from '../../../fakes/evidence.ts';

const clean = evidence({ processes: samples('one', 600_000) });

test('a clean run is all right, and every invariant stands in the verdict once', () => {
  const { ok, invariants } = judge(clean, limits);
  assert.equal(ok, true);
  assert.equal(new Set(invariants.map(({ id }) => id)).size, invariants.length);
  assert.ok(invariants.length >= 15);
  for (const { id, title, unit, detail } of invariants) assert.ok(title && unit && detail, id);
});

test('one broken invariant is enough', () => {
  const lost = { ...clean, ledger: { ...clean.ledger, one: ledgerEntry({ missing: 1 }) } };
  const { ok, invariants } = judge(lost, limits);
  assert.equal(ok, false);
  assert.deepEqual(
    invariants.filter(({ outcome }) => outcome === 'broken').map(({ id }) => id),
    ['delivered-or-counted'],
  );
});

test('what cannot be judged breaks nothing, and says why', () => {
  const { ok, invariants } = judge(evidence({ processes: [] }, 60_000), limits);
  assert.equal(ok, true);
  const unjudged = invariants.filter(({ outcome }) => outcome === 'not-judged').map(({ id }) => id);
  assert.deepEqual(unjudged, [
    'stuck',
    'refusing',
    'recovery-p50',
    'recovery-p99',
    'recovery-max',
    'twin-convergence',
    'memory-slope',
    'memory-worst',
    'descriptors',
    'sockets',
    'timers',
    'faults-as-planned',
  ]);
});

test('the same evidence, read back from its file, gives the same verdict', () => {
  const readBack = JSON.parse(JSON.stringify(clean)) as typeof clean;
  assert.deepEqual(judge(readBack, limits), judge(clean, limits));
});

test('at Azure nobody is accused by what only the cloud could have seen', () => {
  const unseen = { ...clean, ledger: { one: ledgerEntry({ missing: 100, delivered: 0 }) } };
  const { ok, invariants } = judge({ ...unseen, run: { ...clean.run, target: 'azure' } }, limits);
  assert.equal(ok, true);
  const [delivered] = invariants;
  assert.deepEqual(
    [delivered?.id, delivered?.outcome, delivered?.value],
    ['delivered-or-counted', 'not-judged', 0],
  );
  assert.equal(invariants.find(({ id }) => id === 'secrets')?.outcome, 'held');
});

test('a verdict is told in measures that people use, as the report has them', () => {
  const finding = { id: 'a', title: 'A', outcome: 'broken', detail: 'why' } as const;
  const invariants = [
    { ...finding, value: 12_080, limit: 60_000, unit: 'ms' },
    { ...finding, value: -23_330_000, limit: 1_494_000_000, unit: 'bytes/h' },
    { ...finding, value: 3, limit: 0, unit: 'messages' },
  ];
  const told = describeVerdict({ ok: false, invariants }).split('\n');
  assert.deepEqual(
    told.filter((line) => line.startsWith('BROKEN    ')),
    [
      'BROKEN     A: 12.1 s of at most 1m',
      'BROKEN     A: -22.2 MB/h of at most 1,425 MB/h',
      'BROKEN     A: 3 of at most 0 messages',
    ],
  );
});
