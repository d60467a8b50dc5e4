import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { CloudError } from '../../../src/cloud-error.ts';
import type { TelemetryMessage } from '../../../src/telemetry/message.ts';
import { MemoryQueue } from '../../../src/telemetry/queue/memory-queue.ts';
import { Sender } from '../../../src/telemetry/sender.ts';
import { FakeClock, settle } from '../../fakes/fake-clock.ts';
import { FakeSession } from '../../fakes/fake-hub.ts';
import { RecordingLog } from '../../fakes/recording-log.ts';
import { oneOf, seededRandom, whole } from '../../fakes/seeded-random.ts';
import { telemetryMessage } from '../../fakes/telemetry-message.ts';
import { tracesAt } from '../../fakes/traces.ts';

interface Send {
  readonly id: string;
  readonly acknowledge: () => void;
  readonly fail: (error: Error) => void;
}

/** A session in which each message waits for the test to decide. */
class SlowSession extends FakeSession {
  readonly inFlight: Send[] = [];
  mostInFlight = 0;

  constructor() {
    super();
    this.onSend = ({ messageId }: TelemetryMessage) =>
      new Promise<void>((resolve, reject) => {
        const settled = (): void => {
          this.inFlight.splice(this.inFlight.indexOf(send), 1);
        };
        const send: Send = {
          id: messageId,
          acknowledge: () => {
            settled();
            resolve();
          },
          fail: (error) => {
            settled();
            reject(error);
          },
        };
        this.inFlight.push(send);
        this.mostInFlight = Math.max(this.mostInFlight, this.inFlight.length);
      });
  }

  get sentIds(): string[] {
    return this.sent.map(({ messageId }) => messageId);
  }

  /** As when the connection breaks: whatever is in flight fails. */
  break(error: Error): void {
    for (const send of [...this.inFlight]) send.fail(error);
  }
}

const lost = new CloudError('NET-RESET', 'keep the session');

describe('Sender', () => {
  let clock: FakeClock;
  let queue: MemoryQueue;
  let session: SlowSession;
  let stop: AbortController;

  beforeEach(() => {
    clock = new FakeClock();
    queue = new MemoryQueue(1000, new RecordingLog());
    session = new SlowSession();
    stop = new AbortController();
  });

  function start(window = 3): Promise<void> {
    return new Sender(session, queue, window, clock).run(stop.signal);
  }

  async function push(...ids: string[]): Promise<void> {
    for (const id of ids) await queue.push(telemetryMessage(id));
  }

  /** What the queue would give to the next sender, in its order. */
  async function held(): Promise<string[]> {
    const ids: string[] = [];
    const enough = new AbortController();
    void settle().then(() => {
      enough.abort();
    });
    let entry = await queue.take(enough.signal);
    for (; entry !== undefined; entry = await queue.take(enough.signal)) ids.push(entry.message.messageId);
    return ids;
  }

  it('sends what is queued, in order, and what comes later', async () => {
    await push('a', 'b');
    void start();
    await settle();
    await push('c');
    await settle();
    assert.deepEqual(session.sentIds, ['a', 'b', 'c']);
    stop.abort();
  });

  it('acknowledges to the queue what the hub has acknowledged, in whatever order', async () => {
    await push('a', 'b', 'c');
    void start();
    await settle();
    session.inFlight[1]?.acknowledge();
    await settle();
    assert.equal(queue.depth, 2);
    session.inFlight[1]?.acknowledge();
    session.inFlight[0]?.acknowledge();
    await settle();
    assert.equal(queue.depth, 0);
    stop.abort();
  });

  it('never has more in flight than its window, and always as much', async () => {
    await push(...Array.from({ length: 30 }, (_, index) => `m${index}`));
    void start(3);
    await settle();
    for (let sent = 3; sent <= 30; sent += 1) {
      assert.equal(session.sent.length, sent);
      assert.equal(session.inFlight.length, 3);
      session.inFlight[whole(seededRandom(sent), 3)]?.acknowledge();
      await settle();
    }
    assert.equal(session.mostInFlight, 3);
    stop.abort();
  });

  it('fails with the session’s error when a message cannot be sent, and gives the message back', async () => {
    await push('a', 'b', 'c');
    const sending = start(1);
    await settle();
    session.break(lost);
    await assert.rejects(sending, (error) => error === lost);
    assert.deepEqual(session.sentIds, ['a']);
    assert.deepEqual(await held(), ['a', 'b', 'c']);
  });

  it('gives everything back in order when the session breaks', async () => {
    await push('a', 'b', 'c', 'd');
    const sending = start(3);
    await settle();
    session.inFlight[1]?.acknowledge();
    await settle();
    session.break(lost);
    await assert.rejects(sending, (error) => error === lost);
    assert.deepEqual(await held(), ['a', 'c', 'd']);
  });

  it('does not try again what the session could not send', async () => {
    await push('a');
    const sending = start();
    await settle();
    session.break(lost);
    await assert.rejects(sending, (error) => error === lost);
    assert.deepEqual(session.sentIds, ['a']);
  });

  it('fails at once when it is already lost while a full window waits', async () => {
    await push('a', 'b', 'c');
    const sending = start(2);
    await settle();
    session.inFlight[0]?.fail(lost);
    await settle();
    session.inFlight[0]?.fail(lost);
    await assert.rejects(sending, (error) => error === lost);
  });

  it('stops at once when nothing is in flight', async () => {
    const sending = start();
    await settle();
    stop.abort();
    await sending;
    assert.deepEqual(clock.sleeping, []);
  });

  it('sends nothing when it is stopped before it begins', async () => {
    await push('a');
    stop.abort();
    await start();
    assert.deepEqual(session.sent, []);
  });

  it('takes nothing new when it is stopped, and waits for what is in flight', async () => {
    await push('a', 'b', 'c');
    const sending = start(2);
    await settle();
    stop.abort();
    await clock.advance(1000);
    for (const send of [...session.inFlight]) send.acknowledge();
    await sending;
    assert.deepEqual(session.sentIds, ['a', 'b']);
    assert.deepEqual(await held(), ['c']);
    assert.deepEqual(clock.sleeping, []);
  });

  for (const [fill, window] of [
    ['full', 2],
    ['not full', 5],
  ] as const) {
    it(`waits two seconds and no more for the hub when it is stopped with its window ${fill}`, async () => {
      await push('a', 'b');
      let hasEnded = false;
      const sending = start(window).then(() => {
        hasEnded = true;
      });
      await settle();
      stop.abort();
      await clock.advance(1999);
      assert.equal(hasEnded, false);
      await clock.advance(1);
      assert.equal(hasEnded, true);
      await sending;
    });
  }

  it('gives back what the hub has not acknowledged by then, in order', async () => {
    await push('a', 'b', 'c', 'd');
    const sending = start(3);
    await settle();
    stop.abort();
    await clock.advance(1500);
    session.inFlight[1]?.acknowledge();
    await clock.advance(500);
    await sending;
    assert.deepEqual(await held(), ['a', 'c', 'd']);
  });

  it('leaves alone what it has given back, whatever becomes of it', async () => {
    await push('a', 'b');
    const sending = start();
    await settle();
    stop.abort();
    await clock.advance(2000);
    await sending;
    const again = [
      await queue.take(new AbortController().signal),
      await queue.take(new AbortController().signal),
    ];
    const [first, second] = [...session.inFlight];
    first?.acknowledge();
    second?.fail(lost);
    await settle();
    assert.equal(queue.depth, 2);
    assert.deepEqual(await held(), [], 'both are taken by the next sender');
    assert.equal(again.length, 2);
  });

  it('says that the session was lost, even when it was stopped meanwhile', async () => {
    await push('a');
    const sending = start();
    await settle();
    stop.abort();
    await settle();
    session.break(lost);
    await assert.rejects(sending, (error) => error === lost);
  });

  it('leaves nothing at its signal', async () => {
    await push('a', 'b');
    const sending = start();
    await settle();
    session.break(lost);
    await assert.rejects(sending);
    assert.equal(tracesAt(stop.signal), 0);
  });

  for (let seed = 1; seed <= 10; seed += 1) {
    it(`delivers everything at least once over sessions that end at any moment, with seed ${seed}`, async () => {
      const random = seededRandom(seed);
      const delivered = new Set<string>();
      const ids = Array.from({ length: 100 }, (_, index) => `m${index}`);
      await push(...ids);
      while (delivered.size < ids.length) {
        session = new SlowSession();
        stop = new AbortController();
        const sending = start(1 + whole(random, 6));
        for (let steps = whole(random, 40); steps > 0; steps -= 1) {
          await settle();
          if (session.inFlight.length === 0) break;
          const send = oneOf(random, session.inFlight);
          send.acknowledge();
          delivered.add(send.id);
        }
        if (random() < 0.5) session.break(lost);
        stop.abort();
        const ended = sending.catch((error: unknown) => {
          assert.equal(error, lost);
        });
        await clock.advance(2000);
        await ended;
      }
      assert.equal(queue.depth, 0);
    });
  }
});
