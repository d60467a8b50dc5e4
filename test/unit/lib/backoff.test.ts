import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { equalJitterMs, fullJitterMs } from '../../../src/lib/backoff.ts';
import type { BackoffLimits } from '../../../src/lib/backoff.ts';
import { seededRandom, whole } from '../../fakes/seeded-random.ts';

const limits = { initialMs: 1000, maximumMs: 60_000 };
const least = (): number => 0;
const most = (): number => 1 - Number.EPSILON;

interface Case {
  readonly limits: BackoffLimits;
  readonly failures: number;
  readonly draw: number;
}

/** Limits from a millisecond to weeks, and up to more failures than doubling has room for in a number. */
function* cases(count: number): Generator<Case> {
  const random = seededRandom(20_260_101);
  for (let index = 0; index < count; index += 1) {
    const initialMs = 1 + whole(random, 10 ** (1 + whole(random, 7)));
    const maximumMs = initialMs + whole(random, 10 ** (1 + whole(random, 9)));
    const failures = 1 + whole(random, random() < 0.5 ? 12 : 5000);
    yield { limits: { initialMs, maximumMs }, failures, draw: random() };
  }
}

describe('fullJitterMs', () => {
  it('spreads over a span that doubles with each failure, up to the maximum', () => {
    const spans = [1, 2, 3, 6, 7].map((failures) => [
      fullJitterMs(limits, failures, least),
      Math.ceil(fullJitterMs(limits, failures, most)),
    ]);
    assert.deepEqual(spans, [
      [1000, 2000],
      [1000, 4000],
      [1000, 8000],
      [1000, 60_000],
      [1000, 60_000],
    ]);
  });

  it('stays within its limits whatever the failures and the draw', () => {
    for (const { limits, failures, draw } of cases(5000)) {
      const ms = fullJitterMs(limits, failures, () => draw);
      assert.ok(
        ms >= limits.initialMs && ms <= limits.maximumMs,
        JSON.stringify({ limits, failures, draw, ms }),
      );
    }
  });

  it('never waits less after one failure more, for the same draw', () => {
    for (const { limits, failures, draw } of cases(5000)) {
      const [ms, more] = [failures, failures + 1].map((count) => fullJitterMs(limits, count, () => draw));
      assert.ok(Number(ms) <= Number(more), JSON.stringify({ limits, failures, draw, ms, more }));
    }
  });

  it('waits exactly as long as it may where minimum and maximum are the same', () => {
    assert.equal(
      fullJitterMs({ initialMs: 700, maximumMs: 700 }, 5, () => 0.5),
      700,
    );
  });
});

describe('equalJitterMs', () => {
  it('spreads over the upper half of a ceiling that doubles with each failure, up to the maximum', () => {
    const spans = [1, 2, 3, 7, 8].map((failures) => [
      equalJitterMs(limits, failures, least),
      Math.ceil(equalJitterMs(limits, failures, most)),
    ]);
    assert.deepEqual(spans, [
      [500, 1000],
      [1000, 2000],
      [2000, 4000],
      [30_000, 60_000],
      [30_000, 60_000],
    ]);
  });

  it('stays within half the first ceiling and the maximum whatever the failures and the draw', () => {
    for (const { limits, failures, draw } of cases(5000)) {
      const ms = equalJitterMs(limits, failures, () => draw);
      assert.ok(
        ms >= limits.initialMs / 2 && ms <= limits.maximumMs,
        JSON.stringify({ limits, failures, draw, ms }),
      );
    }
  });
});
