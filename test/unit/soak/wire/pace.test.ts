import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Pace } from '../../../../src/soak/wire/pace.ts';
import { seededRandom } from '../../../../src/lib/seeded-random.ts';

/** These numbers, one after another, and then the last for ever. */
function chances(...values: readonly number[]): () => number {
  let at = 0;
  return () => values[Math.min(at++, values.length - 1)] ?? 0;
}

describe('the pace of segments', () => {
  it('is immediate on a wire that nothing is done to', () => {
    assert.equal(new Pace(chances(0.99)).dueMs(1448, {}, 500), 500);
  });

  it('has latency, and jitter on top', () => {
    assert.equal(new Pace(chances(0.5)).dueMs(100, { latencyMs: 200, jitterMs: 40 }, 1000), 1220);
  });

  it('has as many bytes a second as there are, one segment behind the other', () => {
    const pace = new Pace(chances(0.5));
    const shape = { bytesPerSecond: 1000 };
    assert.deepEqual(
      [pace.dueMs(500, shape, 0), pace.dueMs(500, shape, 0), pace.dueMs(500, shape, 3000)],
      [500, 1000, 3500],
    );
  });

  it('waits a timeout for a segment that is lost, twice as long when it is lost again', () => {
    // The first chance is the jitter's.
    assert.equal(new Pace(chances(0, 0.1, 0.9)).dueMs(100, { loss: 0.5 }, 0), 200);
    assert.equal(new Pace(chances(0, 0.1, 0.1, 0.9)).dueMs(100, { loss: 0.5 }, 0), 600);
  });

  it('waits longer where the way is longer', () => {
    assert.equal(new Pace(chances(0, 0.1, 0.9)).dueMs(100, { loss: 0.5, latencyMs: 300 }, 0), 1500);
  });

  it('gives a segment up to chance no longer than a minute or two', () => {
    assert.ok(new Pace(chances(0)).dueMs(100, { loss: 1 }, 0) <= 120_000);
  });

  it('never lets one overtake another', () => {
    const pace = new Pace(seededRandom(7));
    const shape = { latencyMs: 50, jitterMs: 200, loss: 0.2, bytesPerSecond: 100_000 };
    const dues = Array.from({ length: 500 }, (_, at) => pace.dueMs(1448, shape, at));
    assert.deepEqual(
      dues,
      dues.toSorted((one, other) => one - other),
    );
  });
});
