import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import type { Posted } from '../../../src/local-api/telemetry-desk.ts';
import { SocketDesk } from '../../../src/telemetry/desk.ts';
import { Intake } from '../../../src/telemetry/intake/intake.ts';
import type { ProcessingConfig } from '../../../src/config/inputs/processing.ts';
import { Processor } from '../../../src/telemetry/processing/processor.ts';
import type { MessageDraft } from '../../../src/telemetry/message.ts';
import type { Offer, Place } from '../../../src/telemetry/queue/telemetry-queue.ts';
import type { Reading } from '../../../src/telemetry/reading.ts';
import { FakeClock, settle } from '../../fakes/fake-clock.ts';
import { FakeQueue } from '../../fakes/fake-queue.ts';
import { RecordingLog } from '../../fakes/recording-log.ts';

/** A queue in which each reading says itself what becomes of it. */
class WishingQueue extends FakeQueue {
  override offer(draft: MessageDraft): Offer {
    const { wish } = JSON.parse(String(draft.body)) as { wish: Place | 'full' | 'oversize' };
    this.refusal = wish === 'full' || wish === 'oversize' ? wish : undefined;
    this.safe = () => Promise.resolve(wish as Place);
    return super.offer(draft);
  }
}

describe('SocketDesk', () => {
  let clock: FakeClock;
  let queue: FakeQueue;
  let mustReachDisk: boolean;
  let isSpent: boolean;

  beforeEach(() => {
    clock = new FakeClock();
    queue = new WishingQueue(clock);
    mustReachDisk = false;
    isSpent = false;
  });

  function intake(name: string, maxReadings = 1, process: ProcessingConfig = []): Intake {
    return new Intake({
      input: { name, priority: 'normal', properties: {} },
      batch: () => ({ maxReadings, maxBytes: 4096, maxDelayMs: 10_000, compression: 'none' }),
      processor: new Processor(process, clock, new RecordingLog()),
      budget: { admits: () => !isSpent },
      queue,
      clock,
    });
  }

  function desk(...intakes: Intake[]): SocketDesk {
    return new SocketDesk(
      intakes.length === 0 ? [intake('socket')] : intakes,
      () => mustReachDisk,
      () => true,
    );
  }

  function wishes(...all: string[]): Reading[] {
    return all.map((wish) => ({ values: { wish } }));
  }

  it('knows its inputs, and no others', async () => {
    const both = desk(intake('a'), intake('b'));
    assert.deepEqual(both.inputs, ['a', 'b']);
    await assert.rejects(both.post('c', wishes('disk'), {}), { message: /cannot post to c/ });
    await assert.rejects(both.postMessages('c', []), { message: /cannot post to c/ });
    await both.post('b', wishes('disk'), {});
    assert.deepEqual(
      queue.offered.map(({ input }) => input),
      ['b'],
    );
  });

  const mixed: readonly [readonly string[], Posted][] = [
    [['hub'], { accepted: 1, refused: 0, stored: 'hub', durable: true }],
    [['hub', 'disk', 'hub'], { accepted: 3, refused: 0, stored: 'disk', durable: true }],
    [['disk', 'memory', 'hub'], { accepted: 3, refused: 0, stored: 'memory', durable: true }],
    [
      ['disk', 'full', 'oversize'],
      { accepted: 1, refused: 2, stored: 'disk', durable: true, reason: 'full' },
    ],
    [['oversize'], { accepted: 0, refused: 1, stored: undefined, durable: true, reason: 'oversize' }],
    [[], { accepted: 0, refused: 0, stored: undefined, durable: true }],
  ];
  for (const [outcomes, expected] of mixed) {
    it(`sums up ${outcomes.length === 0 ? 'nothing' : outcomes.join(', ')}`, async () => {
      assert.deepEqual(await desk().post('socket', wishes(...outcomes), {}), expected);
    });
  }

  it('says that memory is not safe enough, where the disk must be reached', async () => {
    mustReachDisk = true;
    assert.equal((await desk().post('socket', wishes('disk', 'hub'), {})).durable, true);
    assert.equal((await desk().post('socket', wishes('disk', 'memory'), {})).durable, false);
    assert.equal((await desk().post('socket', wishes('full'), {})).durable, true);
  });

  it('says that the budget is spent', async () => {
    isSpent = true;
    const posted = await desk().post('socket', wishes('disk'), {});
    assert.deepEqual([posted.refused, posted.reason], [1, 'budget']);
  });

  it('hands on priority and component', async () => {
    await desk().post('socket', wishes('disk'), { priority: 'high', component: 'pump' });
    assert.deepEqual([queue.offered[0]?.priority, queue.offered[0]?.component], ['high', 'pump']);
  });

  it('accepts what the processing keeps back, and has nothing to keep', async () => {
    const selective = desk(intake('socket', 1, [{ kind: 'select', patterns: ['other'] }]));
    assert.deepEqual(await selective.post('socket', wishes('disk', 'full'), {}), {
      accepted: 2,
      refused: 0,
      stored: undefined,
      durable: true,
    });
  });

  it('answers when the message is closed in which the readings are', async () => {
    queue = new FakeQueue(clock);
    const batching = intake('socket', 10);
    const answers: Posted[] = [];
    const posting = desk(batching)
      .post('socket', wishes('disk', 'disk'), {})
      .then((answer) => answers.push(answer));
    await settle();
    assert.deepEqual(answers, []);
    batching.flush();
    await posting;
    assert.deepEqual(answers, [{ accepted: 2, refused: 0, stored: 'disk', durable: true }]);
  });

  it('refuses every reading of a message that is refused', async () => {
    queue = new FakeQueue(clock);
    queue.refusal = 'full';
    const posted = await desk(intake('socket', 2)).post('socket', wishes('a', 'b', 'c', 'd'), {});
    assert.deepEqual([posted.accepted, posted.refused, posted.reason], [0, 4, 'full']);
  });

  it('takes whole messages in', async () => {
    const message = (wish: string) => ({
      body: JSON.stringify({ wish }),
      contentType: 'application/json',
      contentEncoding: 'utf-8',
      properties: {},
    });
    assert.deepEqual(await desk().postMessages('socket', [message('disk'), message('full')]), {
      accepted: 1,
      refused: 1,
      stored: 'disk',
      durable: true,
      reason: 'full',
    });
  });
});
