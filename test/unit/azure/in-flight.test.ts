import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { InFlight } from '../../../src/azure/in-flight.ts';
import { FakeClock, settle } from '../../fakes/fake-clock.ts';

const timeoutMs = 1000;

describe('InFlight', () => {
  let clock: FakeClock;
  let sends: InFlight;
  let stop: AbortController;
  /** What `untilOverdue` came to, with the time. */
  let verdict: [boolean, number] | undefined;

  beforeEach(() => {
    clock = new FakeClock();
    sends = new InFlight(clock, timeoutMs);
    stop = new AbortController();
    verdict = undefined;
  });

  function watch(): Promise<void> {
    return sends.untilOverdue(stop.signal).then((overdue) => {
      verdict = [overdue, clock.monotonic()];
    });
  }

  /** Begins a send, and gives what acknowledges it. */
  function send(): () => void {
    let acknowledge: () => void = () => undefined;
    void sends.track((done) => {
      acknowledge = done;
    });
    return acknowledge;
  }

  it('resolves a send when it is acknowledged', async () => {
    let acknowledge: () => void = () => undefined;
    let isDone = false;
    void sends
      .track((done) => {
        acknowledge = done;
      })
      .then(() => {
        isDone = true;
      });
    await settle();
    assert.equal(isDone, false);
    acknowledge();
    await settle();
    assert.equal(isDone, true);
  });

  it('resolves a send that is acknowledged at once', async () => {
    await sends.track((done) => {
      done();
    });
  });

  it('rejects all that is in flight, and nothing that comes later', async () => {
    const [first, second] = [sends.track(() => undefined), sends.track(() => undefined)];
    const rejections = [
      assert.rejects(first, { message: 'lost' }),
      assert.rejects(second, { message: 'lost' }),
    ];
    sends.rejectAll(new Error('lost'));
    await Promise.all(rejections);
    await sends.track((done) => {
      done();
    });
  });

  it('waits for nothing that it has rejected', async () => {
    const sending = assert.rejects(sends.track(() => undefined));
    sends.rejectAll(new Error('lost'));
    await sending;
    void watch();
    await clock.advance(10 * timeoutMs);
    assert.equal(verdict, undefined);
    stop.abort();
  });

  it('takes no notice of an acknowledgement after the rejection', async () => {
    let acknowledge: () => void = () => undefined;
    const sending = sends.track((done) => {
      acknowledge = done;
    });
    const rejection = assert.rejects(sending, { message: 'lost' });
    sends.rejectAll(new Error('lost'));
    acknowledge();
    await rejection;
  });

  it('rejects a send that cannot even be begun, and does not wait for it', async () => {
    const sending = sends.track(() => {
      throw new TypeError('cannot be sent');
    });
    await assert.rejects(sending, { message: 'cannot be sent' });
    void watch();
    await clock.advance(10 * timeoutMs);
    assert.equal(verdict, undefined);
    stop.abort();
  });

  it('never finds anything overdue while nothing is in flight', async () => {
    void watch();
    await clock.advance(100 * timeoutMs);
    assert.equal(verdict, undefined);
    stop.abort();
  });

  it('finds a send overdue at the timeout to the millisecond, whenever it began', async () => {
    void watch();
    await clock.advance(2300);
    send();
    await clock.advance(timeoutMs - 1);
    assert.equal(verdict, undefined);
    await clock.advance(1);
    assert.deepEqual(verdict, [true, 3300]);
  });

  it('goes by the oldest of those still in flight', async () => {
    void watch();
    const acknowledgeFirst = send();
    await clock.advance(400);
    send();
    await clock.advance(500);
    acknowledgeFirst();
    await clock.advance(1000);
    assert.deepEqual(verdict, [true, 1400]);
  });

  it('finds nothing overdue as long as each is acknowledged in time', async () => {
    void watch();
    for (let round = 0; round < 50; round += 1) {
      const acknowledge = send();
      await clock.advance(timeoutMs - 1);
      acknowledge();
    }
    assert.equal(verdict, undefined);
    stop.abort();
  });

  it('holds one timer, however much is in flight', async () => {
    void watch();
    for (let count = 0; count < 100; count += 1) send();
    await clock.advance(1);
    assert.equal(clock.sleeping.length, 1);
    stop.abort();
  });

  it('ends without a verdict when it is stopped, and leaves no timer', async () => {
    const watching = watch();
    send();
    await clock.advance(10);
    stop.abort();
    await watching;
    assert.deepEqual(verdict, [false, 10]);
    assert.deepEqual(clock.sleeping, []);
  });

  it('ends at once when it was stopped before', async () => {
    stop.abort();
    await watch();
    assert.equal(verdict?.[0], false);
  });

  it('is not misled by a change of the wall clock', async () => {
    void watch();
    send();
    clock.stepWallClock(86_400_000);
    await clock.advance(timeoutMs - 1);
    assert.equal(verdict, undefined);
    await clock.advance(1);
    assert.equal(verdict?.[0], true);
  });
});
