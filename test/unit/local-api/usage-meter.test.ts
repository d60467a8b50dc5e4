import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { UsageMeter } from '../../../src/local-api/usage-meter.ts';
import { FakeClock } from '../../fakes/fake-clock.ts';

describe('UsageMeter', () => {
  it('tells two who ask at once of the same seconds', async () => {
    const clock = new FakeClock();
    const process = { cpuMs: 0, delayMs: 4 };
    const meter = new UsageMeter(
      {
        cpuMs: () => process.cpuMs,
        memory: () => ({ rssBytes: 5, heapUsedBytes: 3 }),
        eventLoopDelayMs: () => process.delayMs,
        openFiles: () => 9,
        timers: () => 12,
      },
      clock,
    );
    meter.read();
    await clock.advance(10_000);
    process.cpuMs = 500;
    const told = {
      cpuShare: 0.05,
      rssBytes: 5,
      heapUsedBytes: 3,
      eventLoopDelayMs: 4,
      openFiles: 9,
      timers: 12,
    };
    assert.deepEqual(meter.read(), told);
    await clock.advance(1000);
    [process.cpuMs, process.delayMs] = [1500, 90];
    assert.deepEqual(meter.read(), told);
    await clock.advance(4000);
    assert.deepEqual(meter.read(), { ...told, cpuShare: 0.2, eventLoopDelayMs: 90 });
  });
});
