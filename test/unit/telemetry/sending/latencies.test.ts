import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Latencies } from '../../../../src/telemetry/sending/latencies.ts';

describe('Latencies', () => {
  it('count each observation in its bucket and in all above it', () => {
    const latencies = new Latencies();
    for (const ms of [0, 10, 10.5, 700, 90_000]) latencies.observe(ms);
    const { boundsMs, within, count, sumMs } = latencies.figures;
    const at = (bound: number): number | undefined => within[boundsMs.indexOf(bound)];
    assert.deepEqual([at(10), at(25), at(500), at(1000), at(60_000)], [2, 3, 3, 4, 4]);
    assert.equal(count, 5);
    assert.equal(sumMs, 90_720.5);
  });

  it('has nothing to tell at first', () => {
    const { within, count } = new Latencies().figures;
    assert.ok(within.length > 5 && within.every((value) => value === 0));
    assert.equal(count, 0);
  });
});
