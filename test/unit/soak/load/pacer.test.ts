import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../../../src/lib/seeded-random.ts';
import type { LoadPlan } from '../../../../src/soak/load/load-plan.ts';
import { Pacer } from '../../../../src/soak/load/pacer.ts';

const quiet: LoadPlan = {
  messagesPerSecond: 0,
  bytes: [100, 100],
  burst: { messages: 0, everyMs: 0 },
  twinEveryMs: 0,
};
const hourMs = 3_600_000;

test('in the long run so many fall due as the plan wants', () => {
  const pacer = new Pacer({ ...quiet, messagesPerSecond: 2 }, seededRandom(1), 0);
  const due = pacer.take(hourMs);
  assert.ok(Math.abs(due - 7200) < 150, `${due} in an hour`);
});

test('bursts come besides, all of one at once', () => {
  const pacer = new Pacer({ ...quiet, burst: { messages: 50, everyMs: 60_000 } }, seededRandom(1), 0);
  assert.equal(pacer.take(pacer.nextMs), 50);
  const due = pacer.take(hourMs);
  assert.equal(due % 50, 0);
  assert.ok(Math.abs(due / 50 - 60) < 12, `${due / 50} bursts`);
});

test('agents are not in step', () => {
  const plan = { ...quiet, messagesPerSecond: 1 / 60 };
  const firsts = Array.from({ length: 100 }, (_, seed) => new Pacer(plan, seededRandom(seed), 0).nextMs);
  const tenths = new Set(firsts.map((ms) => Math.floor(ms / 6000)));
  assert.equal(tenths.size, 10);
});

test('what was skipped is not due any more', () => {
  const pacer = new Pacer({ ...quiet, messagesPerSecond: 10 }, seededRandom(1), 0);
  pacer.skipTo(60_000);
  assert.equal(pacer.take(60_000), 0);
});

test('a plan that wants nothing has no next time', () => {
  const pacer = new Pacer(quiet, seededRandom(1), 0);
  assert.equal(pacer.nextMs, Infinity);
  assert.equal(pacer.take(hourMs), 0);
});
