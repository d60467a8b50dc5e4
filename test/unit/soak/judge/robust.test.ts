import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { seededRandom } from '../../../../src/lib/seeded-random.ts';
import { median, quantile, robustLine } from '../../../../src/soak/judge/robust.ts';
import type { Point } from '../../../../src/soak/judge/robust.ts';

function points(count: number, y: (x: number) => number): Point[] {
  return Array.from({ length: count }, (_, x) => ({ x, y: y(x) }));
}

function isNear(found: number, expected: number, by: number): void {
  assert.ok(Math.abs(found - expected) <= by, `${found}, expected ${expected} ± ${by}`);
}

describe('the median and other quantiles', () => {
  it('stand where they should, between two as well', () => {
    assert.equal(median([3, 1, 2]), 2);
    assert.equal(median([4, 1, 2, 3]), 2.5);
    assert.equal(quantile([1, 2, 3, 4, 5], 1), 5);
    assert.equal(quantile([10], 0.99), 10);
    assert.equal(median([]), 0);
  });
});

describe('the robust line', () => {
  it('finds the slope of a straight line, whatever it is', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -1e6, max: 1e6, noNaN: true }),
        fc.double({ min: -1e6, max: 1e6, noNaN: true }),
        fc.integer({ min: 2, max: 400 }),
        (slope, start, count) => {
          const line = robustLine(points(count, (x) => start + slope * x));
          isNear(line.slope, slope, 1e-6 * (1 + Math.abs(slope) + Math.abs(start)));
        },
      ),
      { numRuns: 30 },
    );
  });

  it('finds it in noise', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const random = seededRandom(seed);
        const line = robustLine(points(150, (x) => 5 * x + 100 * (random() - 0.5)));
        isNear(line.slope, 5, 0.5);
        isNear(line.scatter, 37, 15);
      }),
      { numRuns: 30 },
    );
  });

  it('is not swayed by a quarter of wild values', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const random = seededRandom(seed);
        const wild = (x: number): number => (random() < 0.25 ? random() * 1e9 : 5 * x);
        isNear(robustLine(points(150, wild)).slope, 5, 100);
      }),
      { numRuns: 30 },
    );
  });

  it('takes neither a sawtooth nor a step for a slope', () => {
    const sawtooth = robustLine(points(600, (x) => 20 * (x % 30)));
    isNear(sawtooth.slope * 600, 0, 60);
    const step = robustLine(points(600, (x) => (x < 400 ? 0 : 1000) + ((x * 7919) % 13)));
    isNear(step.slope * 600, 0, 600);
  });

  it('of nothing, and of one moment, is flat', () => {
    assert.deepEqual(robustLine([]), { slope: 0, scatter: 0 });
    assert.equal(
      robustLine([
        { x: 1, y: 1 },
        { x: 1, y: 9 },
      ]).slope,
      0,
    );
  });
});
