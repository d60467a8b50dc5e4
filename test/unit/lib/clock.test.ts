import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SystemClock } from '../../../src/lib/clock.ts';
import { settle } from '../../fakes/fake-clock.ts';
import { tracesAt } from '../../fakes/traces.ts';

const longestTimerMs = 2 ** 31 - 1;
const dayMs = 86_400_000;

function timers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
}

/** A clock whose time passes only by its timers, each of which fires as soon as it is asked for. */
class HurriedClock extends SystemClock {
  #elapsedMs = 0;
  readonly timers: number[] = [];

  override monotonic(): number {
    return this.#elapsedMs;
  }

  /** In place of the global setTimeout. */
  readonly setTimeout = (callback: () => void, ms: number): void => {
    this.timers.push(ms);
    this.#elapsedMs += ms;
    queueMicrotask(callback);
  };
}

describe('SystemClock', () => {
  const clock = new SystemClock();
  const { signal } = new AbortController();

  it('tells the wall clock’s time', () => {
    const before = Date.now();
    const now = clock.now().getTime();
    assert.ok(before <= now && now <= Date.now());
  });

  it('sleeps as long as it is asked to by its own monotonic time', async () => {
    const begin = clock.monotonic();
    await clock.sleep(20, signal);
    assert.ok(clock.monotonic() - begin >= 20);
  });

  it('leaves no timer and no listener after a sleep', async () => {
    const before = timers();
    await clock.sleep(1, signal);
    assert.deepEqual([timers(), tracesAt(signal)], [before, 0]);
  });

  for (const ms of [0, -1]) {
    it(`does not sleep for ${ms} ms`, async () => {
      const before = timers();
      const sleeping = clock.sleep(ms, signal);
      assert.equal(timers(), before);
      await sleeping;
    });
  }

  it('rejects with the reason when it is woken, and leaves no timer and no listener', async () => {
    const controller = new AbortController();
    const before = timers();
    const sleeping = clock.sleep(dayMs, controller.signal);
    assert.equal(timers(), before + 1);
    const reason = new Error('stopping');
    controller.abort(reason);
    await assert.rejects(sleeping, (thrown) => thrown === reason);
    assert.deepEqual([timers(), tracesAt(controller.signal)], [before, 0]);
  });

  for (const ms of [0, dayMs]) {
    it(`rejects at once instead of sleeping ${ms} ms when the signal was aborted before`, async () => {
      const before = timers();
      const sleeping = clock.sleep(ms, AbortSignal.abort(new Error('stopping')));
      assert.equal(timers(), before);
      await assert.rejects(sleeping, { message: 'stopping' });
    });
  }

  it('sleeps in parts for longer than a timer can', async (t) => {
    const hurried = new HurriedClock();
    t.mock.method(globalThis, 'setTimeout', hurried.setTimeout as typeof setTimeout);
    await hurried.sleep(60 * dayMs, signal);
    assert.deepEqual(hurried.timers, [longestTimerMs, longestTimerMs, 60 * dayMs - 2 * longestTimerMs]);
  });

  it('can sleep for ever, and still be woken', async () => {
    const controller = new AbortController();
    let outcome: unknown;
    const sleeping = clock.sleep(Infinity, controller.signal).catch((error: unknown) => {
      outcome = error;
    });
    await settle();
    assert.equal(outcome, undefined);
    controller.abort(new Error('stopping'));
    await sleeping;
    assert.match(String(outcome), /stopping/);
  });
});
