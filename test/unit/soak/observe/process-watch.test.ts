import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ProcessWatch } from '../../../../src/soak/observe/process-watch.ts';
import { FakeClock } from '../../../fakes/fake-clock.ts';

function watchingFor(units: number): { clock: FakeClock; watch: ProcessWatch; stop: () => Promise<void> } {
  const clock = new FakeClock();
  const sample = { unit: 'unit', life: 1, agents: 1, rssBytes: 1, cpuMs: 1, descriptors: 1, sockets: 1 };
  const fleet = { sample: () => Promise.resolve(Array.from({ length: units }, () => sample)) };
  const watch = new ProcessWatch(fleet, clock, () => clock.monotonic());
  const end = new AbortController();
  const running = watch.run(end.signal);
  return {
    clock,
    watch,
    stop: async () => {
      end.abort();
      await running;
    },
  };
}

describe('the watch over processes', () => {
  it('looks once a second at first', async () => {
    const { clock, watch, stop } = watchingFor(2);
    await clock.advance(120_000);
    await stop();
    assert.equal(watch.seen.length, 2 * 121);
    assert.equal(watch.omitted['processes'], 0);
  });

  it('keeps at most 600 looks however long it takes, evenly over the run', async () => {
    const { clock, watch, stop } = watchingFor(1);
    await clock.advance(3 * 3_600_000);
    await stop();
    const times = watch.seen.map(({ atMs }) => atMs);
    assert.ok(times.length > 300 && times.length <= 600, String(times.length));
    const steps = new Set(times.slice(1).map((time, index) => time - (times[index] ?? 0)));
    assert.deepEqual([...steps], [32_000]);
    assert.ok((watch.omitted['processes'] ?? 0) > 300);
  });

  it('keeps fewer looks of many processes', async () => {
    const { clock, watch, stop } = watchingFor(1000);
    await clock.advance(600_000);
    await stop();
    assert.ok(watch.seen.length <= 100_000 && watch.seen.length >= 50_000, String(watch.seen.length));
  });
});
