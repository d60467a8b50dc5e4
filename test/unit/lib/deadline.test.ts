import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { untilAborted, untilStopped, withDeadline } from '../../../src/lib/deadline.ts';
import { FakeClock, settle } from '../../fakes/fake-clock.ts';
import { tracesAt } from '../../fakes/traces.ts';

const late = new Error('too late');
const never = new Promise<unknown>(() => undefined);

/** A rejection that nobody handles fails the test in which it happens: node:test sees to that. */
async function letRejectionsSurface(): Promise<void> {
  await settle();
  await settle();
}

describe('withDeadline', () => {
  let clock: FakeClock;
  let outer: AbortController;

  beforeEach(() => {
    clock = new FakeClock();
    outer = new AbortController();
  });

  it('gives the result of work that is done in time, and leaves no timer', async () => {
    const result = await withDeadline(clock, 1000, late, outer.signal, () => Promise.resolve('done'));
    assert.equal(result, 'done');
    assert.deepEqual(clock.sleeping, []);
  });

  it('fails as the work fails, and leaves no timer', async () => {
    const error = new Error('broken');
    const work = withDeadline(clock, 1000, late, outer.signal, () => Promise.reject(error));
    await assert.rejects(work, (thrown) => thrown === error);
    assert.deepEqual(clock.sleeping, []);
  });

  it('takes work that throws for work that fails, and leaves no timer', async () => {
    const error = new TypeError('a bug');
    const work = withDeadline(clock, 1000, late, outer.signal, () => {
      throw error;
    });
    await assert.rejects(work, (thrown) => thrown === error);
    assert.deepEqual(clock.sleeping, []);
  });

  it('gives up on work that never settles, not a millisecond early, and tells it why', async () => {
    let limit: AbortSignal | undefined;
    let outcome: unknown;
    void withDeadline(clock, 1000, late, outer.signal, (signal) => {
      limit = signal;
      return never;
    }).catch((error: unknown) => {
      outcome = error;
    });
    await clock.advance(999);
    assert.deepEqual([outcome, limit?.aborted], [undefined, false]);
    await clock.advance(1);
    assert.deepEqual([outcome, limit?.reason], [late, late]);
  });

  it('rejects with lateness, not with what the work makes of being told', async () => {
    const work = withDeadline(
      clock,
      1000,
      late,
      outer.signal,
      (signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            reject(new Error('interrupted'));
          });
        }),
    );
    const rejected = assert.rejects(work, (thrown) => thrown === late);
    await clock.advance(1000);
    await rejected;
  });

  it('does not let work that fails long after the deadline end the process', async () => {
    let fail: (error: Error) => void = () => undefined;
    const work = withDeadline(
      clock,
      1000,
      late,
      outer.signal,
      () =>
        new Promise((_resolve, reject) => {
          fail = reject;
        }),
    );
    const rejected = assert.rejects(work, (thrown) => thrown === late);
    await clock.advance(1000);
    await rejected;
    fail(new Error('nobody listens any more'));
    await letRejectionsSurface();
  });

  it('ends at once with the outer signal’s reason, and leaves no timer', async () => {
    const work = withDeadline(clock, 1000, late, outer.signal, () => never);
    outer.abort(new Error('stopping'));
    await assert.rejects(work, { message: 'stopping' });
    await settle();
    assert.deepEqual(clock.sleeping, []);
  });

  it('ends at once when the outer signal was aborted before it began', async () => {
    outer.abort(new Error('stopping'));
    const work = withDeadline(clock, 1000, late, outer.signal, () => never);
    await assert.rejects(work, { message: 'stopping' });
  });

  it('leaves nothing at an outer signal that outlives it', async () => {
    await withDeadline(clock, 1000, late, outer.signal, () => Promise.resolve());
    const overdue = assert.rejects(withDeadline(clock, 1000, late, outer.signal, () => never));
    await clock.advance(1000);
    await overdue;
    assert.equal(tracesAt(outer.signal), 0);
  });
});

describe('untilAborted', () => {
  it('settles as the promise does, and leaves no listener', async () => {
    const { signal } = new AbortController();
    assert.equal(await untilAborted(Promise.resolve(7), signal), 7);
    await assert.rejects(untilAborted(Promise.reject(new Error('broken')), signal), { message: 'broken' });
    await settle();
    assert.equal(tracesAt(signal), 0);
  });

  it('rejects with the reason when the signal is aborted first', async () => {
    const controller = new AbortController();
    const waiting = untilAborted(never, controller.signal);
    controller.abort(new Error('stopping'));
    await assert.rejects(waiting, { message: 'stopping' });
  });

  it('prefers the reason when the signal was aborted before', async () => {
    const signal = AbortSignal.abort(new Error('stopping'));
    await assert.rejects(untilAborted(Promise.resolve(7), signal), { message: 'stopping' });
  });

  it('handles a promise that rejects after the abort', async () => {
    const controller = new AbortController();
    let fail: (error: Error) => void = () => undefined;
    const promise = new Promise<never>((_resolve, reject) => {
      fail = reject;
    });
    const waiting = assert.rejects(untilAborted(promise, controller.signal), { message: 'stopping' });
    controller.abort(new Error('stopping'));
    await waiting;
    fail(new Error('nobody listens any more'));
    await letRejectionsSurface();
  });
});

describe('untilStopped', () => {
  it('gives the result, or the failure, of what ends by itself', async () => {
    const { signal } = new AbortController();
    assert.equal(await untilStopped(Promise.resolve(7), signal), 7);
    await assert.rejects(untilStopped(Promise.reject(new Error('broken')), signal), { message: 'broken' });
  });

  it('gives undefined when it is stopped', async () => {
    const controller = new AbortController();
    const waiting = untilStopped(never, controller.signal);
    controller.abort();
    assert.equal(await waiting, undefined);
  });
});
