import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import type { Random } from '../../../src/lib/random.ts';
import { maxMessageBytes, messageBytes } from '../../../src/telemetry/message.ts';
import { MemoryQueue } from '../../../src/telemetry/queue/memory-queue.ts';
import type { QueuedMessage } from '../../../src/telemetry/queue/queue.ts';
import { settle } from '../../fakes/fake-clock.ts';
import { RecordingLog } from '../../fakes/recording-log.ts';
import { oneOf, seededRandom, whole } from '../../fakes/seeded-random.ts';
import { telemetryMessage } from '../../fakes/telemetry-message.ts';
import { tracesAt } from '../../fakes/traces.ts';

const never = new AbortController().signal;
const idOf = (entry: QueuedMessage | undefined): string | undefined => entry?.message.messageId;

describe('MemoryQueue', () => {
  let log: RecordingLog;

  beforeEach(() => {
    log = new RecordingLog();
  });

  const queueOf = (maxMessages: number): MemoryQueue => new MemoryQueue(maxMessages, log);

  async function push(queue: MemoryQueue, ...ids: string[]): Promise<void> {
    for (const id of ids) await queue.push(telemetryMessage(id));
  }

  async function take(queue: MemoryQueue, count = 1): Promise<QueuedMessage[]> {
    const entries: QueuedMessage[] = [];
    for (let taken = 0; taken < count; taken += 1) {
      const entry = await queue.take(never);
      assert.ok(entry);
      entries.push(entry);
    }
    return entries;
  }

  async function takeIds(queue: MemoryQueue, count: number): Promise<unknown[]> {
    return (await take(queue, count)).map(idOf);
  }

  it('gives back in order what was pushed', async () => {
    const queue = queueOf(10);
    await push(queue, 'a', 'b', 'c');
    assert.deepEqual(await takeIds(queue, 3), ['a', 'b', 'c']);
  });

  it('holds what was taken until it is acknowledged', async () => {
    const queue = queueOf(10);
    await push(queue, 'a', 'b');
    const [entry] = await take(queue);
    assert.equal(queue.depth, 2);
    assert.ok(entry);
    queue.acknowledge(entry);
    assert.equal(queue.depth, 1);
    queue.acknowledge(entry);
    assert.equal(queue.depth, 1);
  });

  it('puts what is released back to its place', async () => {
    const queue = queueOf(10);
    await push(queue, 'a', 'b', 'c', 'd');
    const [a, b, c] = await take(queue, 3);
    assert.ok(a && b && c);
    for (const entry of [c, a, b]) queue.release(entry);
    assert.deepEqual(await takeIds(queue, 4), ['a', 'b', 'c', 'd']);
  });

  it('takes what is released twice for released once', async () => {
    const queue = queueOf(10);
    await push(queue, 'a', 'b');
    const [entry] = await take(queue);
    assert.ok(entry);
    queue.release(entry);
    queue.release(entry);
    assert.deepEqual([queue.depth, await takeIds(queue, 2)], [2, ['a', 'b']]);
  });

  it('does not take back what was acknowledged', async () => {
    const queue = queueOf(10);
    await push(queue, 'a');
    const [entry] = await take(queue);
    assert.ok(entry);
    queue.acknowledge(entry);
    queue.release(entry);
    assert.equal(queue.depth, 0);
  });

  describe('with takers that wait', () => {
    it('serves them in the order in which they came', async () => {
      const queue = queueOf(10);
      const taking = [queue.take(never), queue.take(never)];
      await push(queue, 'a', 'b', 'c');
      assert.deepEqual((await Promise.all(taking)).map(idOf), ['a', 'b']);
      assert.deepEqual(await takeIds(queue, 1), ['c']);
    });

    it('serves them with what is released', async () => {
      const queue = queueOf(10);
      await push(queue, 'a');
      const [entry] = await take(queue);
      const taking = queue.take(never);
      assert.ok(entry);
      queue.release(entry);
      assert.equal(idOf(await taking), 'a');
      assert.equal(queue.depth, 1);
    });

    it('sends one that is aborted away, and the message to the next', async () => {
      const queue = queueOf(10);
      const gone = new AbortController();
      const [first, second] = [queue.take(gone.signal), queue.take(never)];
      gone.abort();
      await push(queue, 'a');
      assert.equal(await first, undefined);
      assert.equal(idOf(await second), 'a');
    });

    it('keeps the message for later when the only one is aborted', async () => {
      const queue = queueOf(10);
      const gone = new AbortController();
      const taking = queue.take(gone.signal);
      gone.abort();
      assert.equal(await taking, undefined);
      await push(queue, 'a');
      assert.deepEqual(await takeIds(queue, 1), ['a']);
    });

    it('gives nothing to one whose signal was aborted before, though there is something', async () => {
      const queue = queueOf(10);
      await push(queue, 'a');
      assert.equal(await queue.take(AbortSignal.abort()), undefined);
      assert.deepEqual(await takeIds(queue, 1), ['a']);
    });

    it('leaves nothing at their signals', async () => {
      const queue = queueOf(10);
      const { signal } = new AbortController();
      const taking = queue.take(signal);
      await push(queue, 'a', 'b');
      await taking;
      await queue.take(signal);
      assert.equal(tracesAt(signal), 0);
    });
  });

  describe('without room', () => {
    it('drops the oldest for the newest, and counts', async () => {
      const queue = queueOf(3);
      await push(queue, 'a', 'b', 'c', 'd', 'e');
      assert.deepEqual([queue.depth, queue.dropped], [3, { cap: 2, oversize: 0 }]);
      assert.deepEqual(await takeIds(queue, 3), ['c', 'd', 'e']);
    });

    it('drops what was released before what came later', async () => {
      const queue = queueOf(3);
      await push(queue, 'a', 'b', 'c');
      const [entry] = await take(queue);
      assert.ok(entry);
      queue.release(entry);
      await push(queue, 'd');
      assert.deepEqual(await takeIds(queue, 3), ['b', 'c', 'd']);
    });

    it('drops nothing that was taken', async () => {
      const queue = queueOf(2);
      await push(queue, 'a', 'b');
      const taken = await take(queue, 2);
      await push(queue, 'c');
      assert.deepEqual([queue.depth, queue.dropped.cap], [2, 1]);
      for (const entry of taken) queue.release(entry);
      assert.deepEqual(await takeIds(queue, 2), ['a', 'b']);
    });

    it('holds no more than it may when more come back than it has room for', async () => {
      const queue = queueOf(2);
      const taking = ['a', 'b', 'c', 'd'].map(() => queue.take(never));
      await push(queue, 'a', 'b', 'c', 'd');
      for (const entry of await Promise.all(taking)) {
        assert.ok(entry);
        queue.release(entry);
      }
      assert.deepEqual([queue.depth, queue.dropped.cap], [2, 2]);
      assert.deepEqual(await takeIds(queue, 2), ['c', 'd']);
    });

    it('says so once', async () => {
      const queue = queueOf(2);
      await push(queue, 'a', 'b', 'c', 'd', 'e');
      assert.deepEqual(log.messages('warn'), [
        'the telemetry queue is full: the oldest messages are being dropped',
      ]);
    });

    it('says once that there is room again, and how many were dropped', async () => {
      const queue = queueOf(4);
      await push(queue, 'a', 'b', 'c', 'd', 'e', 'f');
      for (const entry of await take(queue, 4)) queue.acknowledge(entry);
      await push(queue, 'g');
      for (const entry of await take(queue, 1)) queue.acknowledge(entry);
      assert.match(
        log.messages('warn').slice(1).join(),
        /^the telemetry queue has room again; 2 dropped[^,]*$/,
      );
    });

    it('says the next time again', async () => {
      const queue = queueOf(2);
      await push(queue, 'a', 'b', 'c');
      for (const entry of await take(queue, 2)) queue.acknowledge(entry);
      await push(queue, 'd', 'e', 'f');
      assert.deepEqual(
        log.messages('warn').map((message) => message.slice(0, 31)),
        [
          'the telemetry queue is full: th',
          'the telemetry queue has room ag',
          'the telemetry queue is full: th',
        ],
      );
    });

    it('does not say both again and again while it stays at the brim', async () => {
      const queue = queueOf(100);
      await push(queue, ...Array.from({ length: 101 }, (_, index) => `before ${index}`));
      for (let round = 0; round < 50; round += 1) {
        for (const entry of await take(queue)) queue.acknowledge(entry);
        await push(queue, `${round} a`, `${round} b`);
      }
      assert.equal(log.messages('warn').length, 1);
    });
  });

  describe('with a message that IoT Hub would not take', () => {
    const bodyFor = (bytes: number): string => 'x'.repeat(bytes - messageBytes(telemetryMessage('big', '')));

    it('takes one that just fits', async () => {
      const queue = queueOf(10);
      await queue.push(telemetryMessage('big', bodyFor(maxMessageBytes)));
      assert.deepEqual([queue.depth, queue.dropped.oversize], [1, 0]);
    });

    it('drops it, counts it, and says which and how large', async () => {
      const queue = queueOf(10);
      await queue.push(telemetryMessage('big', bodyFor(maxMessageBytes + 1)));
      assert.deepEqual([queue.depth, queue.dropped], [0, { cap: 0, oversize: 1 }]);
      const [line] = log.lines;
      assert.equal(line?.level, 'error');
      assert.equal(line.message, 'cannot send a message of 262145 bytes: IoT Hub takes 262144');
      assert.equal(line.fields['messageId'], 'big');
    });

    it('goes by bytes, not by characters', async () => {
      const queue = queueOf(10);
      await queue.push(telemetryMessage('big', '€'.repeat(100_000)));
      assert.equal(queue.dropped.oversize, 1);
    });
  });
});

/** What the queue has to do, in the simplest way that does it. */
class Model {
  readonly maxMessages: number;
  readonly held: string[] = [];
  readonly taken: string[] = [];
  readonly takers: number[] = [];
  readonly served = new Map<number, string>();
  pushed = 0;
  acknowledged = 0;
  dropped = 0;
  oversize = 0;

  constructor(maxMessages: number) {
    this.maxMessages = maxMessages;
  }

  insert(id: string): void {
    const taker = this.takers.shift();
    if (taker === undefined) {
      this.held.push(id);
      this.held.sort();
    } else {
      this.served.set(taker, id);
      this.taken.push(id);
    }
    while (this.held.length > 0 && this.held.length + this.taken.length > this.maxMessages) {
      this.held.shift();
      this.dropped += 1;
    }
  }

  take(taker: number): void {
    const id = this.held.shift();
    if (id === undefined) {
      this.takers.push(taker);
      return;
    }
    this.served.set(taker, id);
    this.taken.push(id);
  }

  /** It is no longer taken. */
  end(id: string): void {
    this.taken.splice(this.taken.indexOf(id), 1);
  }
}

/** A queue and its model, to which the same is done. */
class Pair {
  readonly model: Model;
  readonly queue: MemoryQueue;
  readonly #random: Random;
  readonly #stops = new Map<number, AbortController>();
  readonly #entries = new Map<string, QueuedMessage>();
  readonly #served = new Map<number, string | undefined>();
  #takers = 0;

  constructor(random: Random) {
    const maxMessages = 1 + whole(random, 8);
    this.model = new Model(maxMessages);
    this.queue = new MemoryQueue(maxMessages, new RecordingLog());
    this.#random = random;
  }

  async step(): Promise<void> {
    const steps = [
      'push',
      'push',
      'push',
      'take',
      'take',
      'acknowledge',
      'acknowledge',
      'release',
      'stop',
      'oversize',
    ];
    const step = oneOf(this.#random, steps);
    switch (step) {
      case 'push':
        await this.#push();
        break;
      case 'oversize':
        await this.queue.push(telemetryMessage('big', 'x'.repeat(maxMessageBytes)));
        this.model.pushed += 1;
        this.model.oversize += 1;
        break;
      case 'take':
        this.#take();
        break;
      case 'stop':
        this.#stop();
        break;
      default:
        this.#end(step === 'release');
    }
    await settle();
    this.#compare();
  }

  async #push(): Promise<void> {
    const id = String(this.model.pushed).padStart(8, '0');
    this.model.pushed += 1;
    this.model.insert(id);
    await this.queue.push(telemetryMessage(id));
  }

  #take(): void {
    const taker = this.#takers++;
    const stop = new AbortController();
    this.#stops.set(taker, stop);
    this.model.take(taker);
    void this.queue.take(stop.signal).then((entry) => {
      this.#served.set(taker, idOf(entry));
      if (entry !== undefined) this.#entries.set(entry.message.messageId, entry);
    });
  }

  #stop(): void {
    const [taker] = this.model.takers;
    if (taker === undefined) return;
    this.model.takers.shift();
    this.#stops.get(taker)?.abort();
  }

  #end(isRelease: boolean): void {
    if (this.model.taken.length === 0) return;
    const id = oneOf(this.#random, this.model.taken);
    const entry = this.#entries.get(id);
    assert.ok(entry);
    this.model.end(id);
    if (isRelease) {
      this.model.insert(id);
      this.queue.release(entry);
    } else {
      this.model.acknowledged += 1;
      this.queue.acknowledge(entry);
    }
  }

  #compare(): void {
    const { model, queue } = this;
    assert.equal(queue.depth, model.held.length + model.taken.length);
    assert.deepEqual(queue.dropped, { cap: model.dropped, oversize: model.oversize });
    assert.equal(model.pushed, model.acknowledged + model.dropped + model.oversize + queue.depth);
    for (const [taker, id] of model.served) assert.equal(this.#served.get(taker), id);
  }
}

describe('MemoryQueue beside a model of it', () => {
  for (let seed = 1; seed <= 20; seed += 1) {
    it(`does as the model does, and loses count of nothing, with seed ${seed}`, async () => {
      const pair = new Pair(seededRandom(seed));
      for (let step = 0; step < 300; step += 1) await pair.step();
    });
  }
});
