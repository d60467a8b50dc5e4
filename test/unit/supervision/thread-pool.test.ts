import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { healthReport, healthRoute } from '../../../src/local-api/health.ts';
import { stuck } from '../../../src/supervision/pulse.ts';
import { ThreadPool } from '../../../src/supervision/thread-pool.ts';
import { FakeClock, settle } from '../../fakes/fake-clock.ts';

const minute = 60_000;

class Rig {
  readonly clock = new FakeClock();
  crossings = 0;
  cross: () => Promise<unknown> = () => Promise.resolve();
  readonly #pool = new ThreadPool(() => {
    this.crossings += 1;
    return this.cross();
  }, this.clock);

  /** Runs what follows with the pool being gone through, then ends that. */
  async run(work: () => Promise<void>): Promise<void> {
    const stop = new AbortController();
    const running = this.#pool.run(stop.signal);
    await settle();
    await work();
    stop.abort(new Error('the test ends'));
    await running;
  }

  get health(): unknown {
    const hanging = stuck([this.#pool.pulse], this.clock.monotonic()).map(({ name }) => name);
    const route = healthRoute(() => healthReport(hanging, 'connected'));
    return route.answer({} as Parameters<typeof route.answer>[0]);
  }
}

const well = { status: 200, body: { healthy: true, hanging: [], state: 'connected' } };

describe('the thread pool', () => {
  it('is gone through three times a minute', async () => {
    const rig = new Rig();
    await rig.run(() => rig.clock.advance(10 * minute));
    assert.equal(rig.crossings, 31);
    assert.deepEqual(rig.health, well);
  });

  it('is well whatever is found there', async () => {
    const rig = new Rig();
    rig.cross = () => Promise.reject(new Error('no such file'));
    await rig.run(async () => {
      await rig.clock.advance(10 * minute);
      assert.deepEqual(rig.health, well);
    });
    assert.equal(rig.crossings, 31);
  });

  it('is named by the health when it hangs, until it turns again, and is not gone into again meanwhile', async () => {
    const rig = new Rig();
    let release = (): void => undefined;
    rig.cross = () => new Promise<void>((resolve) => (release = resolve));
    await rig.run(async () => {
      await rig.clock.advance(2 * minute);
      assert.deepEqual(rig.health, well);
      await rig.clock.advance(1000);
      const body = { healthy: false, hanging: ['thread pool'], state: 'connected' };
      assert.deepEqual(rig.health, { status: 503, body });
      assert.equal(rig.crossings, 1);
      release();
      await settle();
      assert.deepEqual(rig.health, well);
    });
  });
});
