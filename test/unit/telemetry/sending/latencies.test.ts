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

  it('costs far less than a message does: under a microsecond an observation', () => {
    const latencies = new Latencies();
    const many = 200_000;
    for (let index = 0; index < many; index += 1) latencies.observe(index % 900);
    const before = performance.now();
    for (let index = 0; index < many; index += 1) latencies.observe(index % 900);
    const each = ((performance.now() - before) / many) * 1e6;
    assert.ok(each < 1000, `${each} ns`);
  });

  it('has nothing to tell at first', () => {
    const { within, count } = new Latencies().figures;
    assert.ok(within.length > 5 && within.every((value) => value === 0));
    assert.equal(count, 0);
  });
});
