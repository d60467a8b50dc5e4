import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { CloudError } from '../../../../src/cloud-error.ts';
import type { MessageDraft, TelemetryMessage } from '../../../../src/telemetry/message.ts';
import { priorities } from '../../../../src/telemetry/priority.ts';
import type { Priority } from '../../../../src/telemetry/priority.ts';
import { Sender } from '../../../../src/telemetry/sending/sender.ts';
import { Suspects } from '../../../../src/telemetry/sending/suspects.ts';
import { FakeClock, settle } from '../../../fakes/fake-clock.ts';
import { FakeQueue } from '../../../fakes/fake-queue.ts';
import { oneOf, seededRandom, whole } from '../../../fakes/seeded-random.ts';
import { telemetryDraft } from '../../../fakes/telemetry-message.ts';
import { tracesAt } from '../../../fakes/traces.ts';
import { SlowSession } from './slow-session.ts';

const lost = new CloudError('NET-RESET', 'keep the session');

describe('Sender', () => {
  let clock: FakeClock;
  let queue: FakeQueue;
  let session: SlowSession;
  let stop: AbortController;
  let settings: { window: number; drainRatePerSecond: number };
  let acknowledged: string[];
  let unacknowledged: string[];

  beforeEach(() => {
    clock = new FakeClock();
    queue = new FakeQueue(clock);
    session = new SlowSession();
    stop = new AbortController();
    settings = { window: 3, drainRatePerSecond: 10 };
    acknowledged = [];
    unacknowledged = [];
  });

  function start(window = 3, suspects = new Suspects()): Promise<void> {
    settings.window = window;
    const watch = {
      sent: () => undefined,
      acknowledged: ({ messageId }: TelemetryMessage, tookMs: number) => {
        acknowledged.push(`${messageId} after ${tookMs} ms`);
      },
      unacknowledged: ({ messageId }: TelemetryMessage) => {
        unacknowledged.push(messageId);
      },
    };
    return new Sender({ session, queue, settings: () => settings, suspects, watch, clock }).run(stop.signal);
  }

  /** Offers so many, and returns their IDs. */
  function push(count: number, changes: Partial<MessageDraft> = {}): string[] {
    const before = queue.offered.length;
    for (let index = 0; index < count; index += 1)
      queue.offer(telemetryDraft('{}', { createdAtMs: clock.now().getTime(), ...changes }));
    return queue.offered.slice(before).map(({ messageId }) => messageId);
  }

  describe('in a session', () => {
    it('sends what is queued, in order, and what comes later', async () => {
      push(2);
      void start();
      await settle();
      push(1);
      await settle();
      assert.deepEqual(session.sentIds, ['m1', 'm2', 'm3']);
      stop.abort();
    });

    it('acknowledges to the queue what the hub has acknowledged, in whatever order', async () => {
      void start();
      push(3);
      await settle();
      session.acknowledge('m2');
      await settle();
      assert.equal(queue.depth, 2);
      session.acknowledge('m3');
      session.acknowledge('m1');
      await settle();
      assert.deepEqual(queue.acknowledged, ['m2', 'm3', 'm1']);
      assert.equal(queue.depth, 0);
      stop.abort();
    });

    it('says how long each took', async () => {
      void start();
      push(1);
      await clock.advance(120);
      session.acknowledge('m1');
      await settle();
      assert.deepEqual(acknowledged, ['m1 after 120 ms']);
      stop.abort();
    });

    it('never has more in flight than its window, and always as much', async () => {
      void start(3);
      push(30);
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

    it('uses a wider window, and keeps to a narrower one, from the next acknowledgement on', async () => {
      void start(2);
      push(30);
      await settle();
      settings.window = 6;
      session.acknowledge('m1');
      await settle();
      assert.equal(session.inFlight.length, 6);
      settings.window = 3;
      for (const expected of [5, 4, 3, 3, 3]) {
        session.inFlight[0]?.acknowledge();
        await settle();
        assert.equal(session.inFlight.length, expected);
      }
      stop.abort();
    });

    it('lets high overtake normal and low at every free place', async () => {
      void start(1);
      await settle();
      push(3, { priority: 'low' });
      push(2, { priority: 'normal' });
      await settle();
      push(2, { priority: 'high' });
      for (let sent = 0; sent < 7; sent += 1) {
        await settle();
        session.acknowledgeAll();
      }
      assert.deepEqual(session.sentIds, ['m1', 'm6', 'm7', 'm4', 'm5', 'm2', 'm3']);
      stop.abort();
    });

    it('leaves nothing at its signal', async () => {
      push(2);
      const sending = start();
      await settle();
      session.break(lost);
      await assert.rejects(sending);
      assert.equal(tracesAt(stop.signal), 0);
    });
  });

  describe('when the session is lost', () => {
    it('fails with the session’s error, and gives the message back', async () => {
      const sending = start(1);
      push(3);
      await settle();
      session.break(lost);
      await assert.rejects(sending, (error) => error === lost);
      assert.deepEqual(session.sentIds, ['m1']);
      assert.deepEqual(queue.held(), ['m1', 'm2', 'm3']);
    });

    it('tells of each that was in flight that it is not acknowledged', async () => {
      const sending = start(2);
      push(3);
      await settle();
      session.acknowledge('m1');
      await settle();
      session.break(lost);
      await assert.rejects(sending);
      assert.deepEqual([acknowledged, unacknowledged], [['m1 after 0 ms'], ['m2', 'm3']]);
    });

    it('gives everything back in order, of each priority', async () => {
      const sending = start(4);
      push(4, { priority: 'high' });
      push(2, { priority: 'low' });
      await settle();
      session.acknowledge('m2');
      await settle();
      session.break(lost);
      await assert.rejects(sending, (error) => error === lost);
      assert.deepEqual(queue.held('high'), ['m1', 'm3', 'm4']);
      assert.deepEqual(queue.held('low'), ['m5', 'm6']);
    });

    it('does not try again what the session could not send', async () => {
      const sending = start();
      push(1);
      await settle();
      session.break(lost);
      await assert.rejects(sending, (error) => error === lost);
      assert.deepEqual(session.sentIds, ['m1']);
    });

    it('fails at once when it is already lost while a full window waits', async () => {
      const sending = start(2);
      push(3);
      await settle();
      session.inFlight[0]?.fail(lost);
      await settle();
      session.inFlight[0]?.fail(lost);
      await assert.rejects(sending, (error) => error === lost);
    });

    it('says so, even when it was stopped meanwhile', async () => {
      push(1);
      const sending = start();
      await settle();
      stop.abort();
      await settle();
      session.break(lost);
      await assert.rejects(sending, (error) => error === lost);
    });
  });

  describe('when it is stopped', () => {
    it('ends at once when nothing is in flight', async () => {
      const sending = start();
      await settle();
      stop.abort();
      await sending;
      assert.deepEqual(clock.sleeping, []);
    });

    it('sends nothing when that was before it began', async () => {
      push(1);
      stop.abort();
      await start();
      assert.deepEqual([session.sent, queue.held()], [[], ['m1']]);
    });

    it('takes nothing new, and waits for what is in flight', async () => {
      const sending = start(2);
      push(3);
      await settle();
      stop.abort();
      await clock.advance(1000);
      session.acknowledgeAll();
      await sending;
      assert.deepEqual(session.sentIds, ['m1', 'm2']);
      assert.deepEqual(queue.held(), ['m3']);
      assert.deepEqual(clock.sleeping, []);
    });

    for (const [fill, window] of [
      ['full', 2],
      ['not full', 5],
    ] as const) {
      it(`waits two seconds and no more for the hub with its window ${fill}`, async () => {
        let hasEnded = false;
        const sending = start(window).then(() => {
          hasEnded = true;
        });
        push(2);
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
      const sending = start(3);
      push(4);
      await settle();
      stop.abort();
      await clock.advance(1500);
      session.acknowledge('m2');
      await clock.advance(500);
      await sending;
      assert.deepEqual(queue.held(), ['m1', 'm3', 'm4']);
    });

    it('leaves alone what it has given back, whatever becomes of it', async () => {
      const sending = start();
      push(2);
      await settle();
      stop.abort();
      await clock.advance(2000);
      await sending;
      const { signal } = new AbortController();
      assert.ok((await queue.take('normal', signal)) && (await queue.take('normal', signal)));
      session.acknowledge('m1');
      session.break(lost);
      await settle();
      assert.deepEqual([queue.depth, queue.acknowledged, queue.held()], [2, [], []]);
    });
  });

  describe('draining what piled up', () => {
    /** One every so many milliseconds until now. */
    function pileUp(count: number, apartMs: number, changes: Partial<MessageDraft> = {}): void {
      const nowMs = clock.now().getTime();
      for (let index = count; index > 0; index -= 1)
        queue.leftFromBefore(telemetryDraft('{}', { createdAtMs: nowMs - index * apartMs, ...changes }));
    }

    it('keeps to its rate', async () => {
      pileUp(100, 10_000);
      void start(100);
      for (const [seconds, sent] of [
        [0, 1],
        [1, 11],
        [5, 51],
        [9, 91],
        [10, 100],
      ] as const) {
        await clock.advance(seconds * 1000 - clock.monotonic());
        assert.equal(session.sent.length, sent, `after ${seconds} s`);
      }
      stop.abort();
    });

    it('follows its rate when that changes', async () => {
      pileUp(200, 10_000);
      void start(1000);
      await clock.advance(1000);
      settings.drainRatePerSecond = 50;
      const before = session.sent.length;
      await clock.advance(1000);
      const faster = session.sent.length - before;
      assert.ok(faster >= 45 && faster <= 52, `${faster} in a second`);
      stop.abort();
    });

    it('is never slower than twice the pace at which they were made', async () => {
      pileUp(1000, 20);
      void start(10_000);
      await clock.advance(10_000);
      assert.equal(session.sent.length, 1000);
      stop.abort();
    });

    it('gives every priority twice its own pace', async () => {
      for (const priority of priorities) pileUp(400, 50, { priority });
      void start(10_000);
      await clock.advance(10_000);
      for (const priority of priorities) {
        const sent = session.sent.filter((message) => message.priority === priority).length;
        assert.ok(sent >= 395, `${sent} of priority ${priority}`);
      }
      stop.abort();
    });

    it('drains higher priorities first, once each knows its pace', async () => {
      for (const priority of ['low', 'normal', 'high'] as const) pileUp(5, 60_000, { priority });
      void start(100);
      await clock.advance(10_000);
      const order = session.sent.map(({ priority }) => priority);
      const second = (priority: Priority): number => order.indexOf(priority, order.indexOf(priority) + 1);
      assert.ok(order.lastIndexOf('high') < second('normal'), order.join());
      assert.ok(order.lastIndexOf('normal') < second('low'), order.join());
      assert.equal(order.length, 15);
      stop.abort();
    });

    it('lets what is new of a higher priority go at once', async () => {
      pileUp(100, 60_000);
      void start(100);
      await clock.advance(2050);
      push(3, { priority: 'high' });
      await settle();
      assert.deepEqual(
        session.sent.slice(-3).map(({ priority }) => priority),
        ['high', 'high', 'high'],
      );
      stop.abort();
    });

    it('lets what is new of the same priority go at once behind what piled up', async () => {
      pileUp(11, 60_000);
      void start(100);
      await settle();
      push(50);
      await clock.advance(999);
      assert.equal(session.sent.length, 10);
      await clock.advance(1);
      assert.equal(session.sent.length, 61);
      stop.abort();
    });

    it('does not mistake a clock that was set back, or forward, for a pace', async () => {
      const nowMs = clock.now().getTime();
      queue.leftFromBefore(telemetryDraft('{}', { createdAtMs: nowMs + 86_400_000_000 }));
      pileUp(50, 10_000);
      void start(100);
      await clock.advance(2000);
      assert.equal(session.sent.length, 21);
      stop.abort();
    });

    it('counts what an earlier session could not send as piled up', async () => {
      const sending = start(1);
      push(30);
      await clock.advance(1000);
      session.break(lost);
      await assert.rejects(sending);
      session = new SlowSession();
      settings.drainRatePerSecond = 1;
      const again = start(100);
      await settle();
      assert.equal(session.sent.length, 30, 'made in the same millisecond: by their own pace all at once');
      stop.abort();
      await clock.advance(2000);
      await again;
    });

    it('gives back what waits for its turn when it is stopped', async () => {
      pileUp(3, 60_000);
      const sending = start(100);
      await settle();
      session.acknowledge('m1');
      stop.abort();
      await sending;
      assert.deepEqual([session.sentIds, queue.held()], [['m1'], ['m2', 'm3']]);
      assert.deepEqual(clock.sleeping, []);
    });
  });

  describe('a hub that ends the connection', () => {
    const closed = new CloudError('HUB-CLOSED', 'keep the session');

    /** One session after the other, each until it has been ended or has nothing to do for a minute. */
    async function sessions(count: number, behave: (one: SlowSession) => void, window = 4): Promise<number> {
      const suspects = new Suspects();
      for (let used = 1; used <= count; used += 1) {
        session = new SlowSession();
        stop = new AbortController();
        const ended = new AbortController();
        const sending = start(window, suspects).catch((error: unknown) => {
          assert.equal(error, closed);
          ended.abort();
        });
        for (let second = 0; second < 60 && !ended.signal.aborted; second += 1) {
          await settle();
          behave(session);
          await clock.advance(1000);
        }
        stop.abort();
        await clock.advance(2000);
        await sending;
        if (queue.depth === 0) return used;
      }
      return count;
    }

    /** Acknowledges in order; ends the session instead when it comes to the poison. */
    function allergicTo(...poison: string[]): (one: SlowSession) => void {
      return (one) => {
        for (const send of [...one.inFlight]) {
          if (poison.includes(send.id)) {
            one.break(closed);
            return;
          }
          send.acknowledge();
        }
      };
    }

    it('because of one message has that one set aside, and gets all the others', async () => {
      settings.drainRatePerSecond = 1000;
      push(40);
      const allergic = allergicTo('m7');
      const used = await sessions(20, (one) => {
        allergic(one);
        push(1);
      });
      assert.deepEqual(
        queue.setAsides.map(({ id }) => id),
        ['m7'],
      );
      assert.ok(used <= 20);
      const delivered = new Set(queue.acknowledged);
      for (let index = 1; index <= 40; index += 1) assert.equal(delivered.has(`m${index}`), index !== 7);
    });

    for (const [code, isItsWord] of [
      ['HUB-CLOSED', true],
      ['NET-RESET', true],
      ['NET-TIMEOUT', false],
      ['HUB-KEEPALIVE', false],
    ] as const)
      it(`${isItsWord ? 'may' : 'does not'} mean a message by ${code}`, async () => {
        const suspects = new Suspects();
        push(1);
        for (let end = 0; end < 3; end += 1) {
          session = new SlowSession();
          const sending = start(1, suspects);
          await settle();
          session.break(new CloudError(code, 'keep the session'));
          await assert.rejects(sending);
        }
        assert.equal(suspects.has('m1'), isItsWord);
      });

    it('takes few sessions to be understood', async () => {
      push(12);
      let used = 0;
      const allergic = allergicTo('m1');
      for (const suspects = new Suspects(); queue.setAsides.length === 0; used += 1) {
        assert.ok(used < 8, 'not set aside after 8 sessions');
        session = new SlowSession();
        const sending = start(4, suspects);
        const ended = new AbortController();
        void sending.catch((error: unknown) => {
          ended.abort(error);
        });
        push(1);
        while (!ended.signal.aborted) {
          await settle();
          allergic(session);
          await clock.advance(100);
        }
      }
      assert.equal(used, 5);
    });

    it('because of a message that is left alone gets all the others, and that one is tried again rarely', async () => {
      push(6);
      await sessions(8, allergicTo('m1', 'm4'));
      assert.deepEqual(queue.acknowledged.toSorted(), ['m2', 'm3', 'm5', 'm6']);
      assert.deepEqual(queue.held(), ['m1', 'm4']);
    });

    it('because of several messages has them all set aside', async () => {
      push(20);
      const allergic = allergicTo('m1', 'm2', 'm9');
      await sessions(40, (one) => {
        allergic(one);
        if (queue.setAsides.length < 3) push(1);
      });
      assert.deepEqual(queue.setAsides.map(({ id }) => id).toSorted(), ['m1', 'm2', 'm9']);
      assert.equal(queue.depth, 0);
    });

    it('every time, being over its quota, convicts nobody', async () => {
      push(20);
      await sessions(30, (one) => {
        one.break(closed);
      });
      assert.deepEqual(queue.setAsides, []);
      assert.equal(queue.depth, 20);
      await sessions(5, (one) => {
        one.acknowledgeAll();
      });
      assert.equal(queue.depth, 0);
    });

    it('has a suspect sent with nothing else in flight', async () => {
      push(3);
      const suspects = new Suspects();
      for (let end = 0; end < 3; end += 1) suspects.endedBy(['m2'], true);
      void start(3, suspects);
      await settle();
      assert.deepEqual(session.sentIds, ['m1', 'm3']);
      session.acknowledge('m1');
      await settle();
      push(1);
      assert.deepEqual(session.sentIds, ['m1', 'm3']);
      session.acknowledge('m3');
      await settle();
      assert.deepEqual(session.sentIds, ['m1', 'm3', 'm2']);
      session.acknowledge('m2');
      await settle();
      assert.deepEqual(session.sentIds, ['m1', 'm3', 'm2', 'm4']);
      assert.equal(suspects.has('m2'), false);
      stop.abort();
    });

    it('does not keep a stop waiting for a suspect for longer than for others', async () => {
      push(1);
      const suspects = new Suspects();
      for (let end = 0; end < 3; end += 1) suspects.endedBy(['m1'], true);
      const sending = start(3, suspects);
      await clock.advance(5000);
      assert.deepEqual(session.sentIds, ['m1']);
      stop.abort();
      await clock.advance(2000);
      await sending;
      assert.deepEqual(queue.held(), ['m1']);
    });
  });

  for (let seed = 1; seed <= 20; seed += 1) {
    it(`delivers everything at least once over sessions that end at any moment, with seed ${seed}`, async () => {
      const random = seededRandom(seed);
      const suspects = new Suspects();
      const delivered = new Set<string>();
      for (let index = 0; index < 100; index += 1) push(1, { priority: oneOf(random, priorities) });
      for (let sessions = 0; delivered.size < 100; sessions += 1) {
        assert.ok(sessions < 500, `${delivered.size} delivered`);
        session = new SlowSession();
        stop = new AbortController();
        settings.drainRatePerSecond = 1 + whole(random, 100);
        const sending = start(1 + whole(random, 6), suspects).catch((error: unknown) => {
          assert.equal(error, lost);
        });
        for (let steps = whole(random, 40); steps > 0; steps -= 1) {
          await clock.advance(whole(random, 2000));
          if (session.inFlight.length === 0) continue;
          const send = oneOf(random, session.inFlight);
          send.acknowledge();
          delivered.add(send.id);
        }
        if (random() < 0.5) session.break(lost);
        stop.abort();
        await clock.advance(2000);
        await sending;
        assert.equal(new Set(session.sentIds).size, session.sent.length, 'sent twice in one session');
      }
      assert.deepEqual([queue.depth, queue.setAsides], [0, []]);
    });
  }
});
