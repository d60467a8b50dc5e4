import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { KeepaliveTimer } from '../../../../src/telemetry/inputs/mqtt-keepalive.ts';
import { FakeClock } from '../../../fakes/fake-clock.ts';

describe('the timer of the keep-alive', () => {
  it('ticks at its interval until it is cleared, and leaves nobody asleep', async () => {
    const clock = new FakeClock();
    const timer = new KeepaliveTimer(clock, () => false);
    let ticks = 0;
    const id = timer.set(() => (ticks += 1), 100);
    await clock.advance(350);
    assert.equal(ticks, 3);
    timer.clear(id);
    timer.clear(id);
    await clock.advance(1000);
    assert.deepEqual([ticks, clock.sleeping], [3, []]);
  });

  it('does something else instead as long as there is something else to do', async () => {
    const clock = new FakeClock();
    let [ticks, pings] = [0, 0];
    let busy = true;
    const timer = new KeepaliveTimer(clock, () => {
      if (busy) pings += 1;
      return busy;
    });
    const id = timer.set(() => (ticks += 1), 100);
    await clock.advance(200);
    busy = false;
    await clock.advance(100);
    assert.deepEqual([ticks, pings], [1, 2]);
    timer.clear(id);
  });

  it('keeps two timers apart', async () => {
    const clock = new FakeClock();
    const timer = new KeepaliveTimer(clock, () => false);
    const ticked: string[] = [];
    const first = timer.set(() => ticked.push('first'), 100);
    const second = timer.set(() => ticked.push('second'), 150);
    timer.clear(first);
    await clock.advance(150);
    timer.clear(second);
    assert.deepEqual(ticked, ['second']);
  });
});
