import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Bell } from '../../../src/lib/bell.ts';
import { settle } from '../../fakes/fake-clock.ts';
import { tracesAt } from '../../fakes/traces.ts';

describe('Bell', () => {
  it('is heard by all who wait, and only by them', async () => {
    const bell = new Bell();
    const heard: string[] = [];
    bell.ring();
    const waits = ['a', 'b'].map((who) => bell.heard().then(() => heard.push(who)));
    await settle();
    assert.deepEqual(heard, []);
    bell.ring();
    await Promise.all(waits);
    assert.deepEqual(heard, ['a', 'b']);
  });

  it('has whoever waits for something look at every ring', async () => {
    const bell = new Bell();
    let count = 0;
    let isOver = false;
    const waiting = bell.until(() => count === 2, new AbortController().signal).then(() => (isOver = true));
    for (const expected of [false, true]) {
      count += 1;
      bell.ring();
      await settle();
      assert.equal(isOver, expected);
    }
    await waiting;
  });

  it('does not wait for what holds already', async () => {
    await new Bell().until(() => true, new AbortController().signal);
  });

  it('lets go when the signal is aborted, and leaves nothing there', async () => {
    const bell = new Bell();
    const stop = new AbortController();
    const waiting = bell.until(() => false, stop.signal);
    bell.ring();
    await settle();
    assert.equal(tracesAt(stop.signal), 1);
    stop.abort();
    await waiting;
    assert.equal(tracesAt(stop.signal), 0);
    await bell.until(() => false, stop.signal);
  });
});
