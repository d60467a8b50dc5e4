import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { LossReporter } from '../../../src/telemetry/loss-reporter.ts';
import type { Loss, Place } from '../../../src/telemetry/queue/telemetry-queue.ts';
import { FakeClock, settle } from '../../fakes/fake-clock.ts';
import { FakeQueue } from '../../fakes/fake-queue.ts';
import { tracesAt } from '../../fakes/traces.ts';
import { QueueWorld, draft, plenty } from './queue/world.ts';

const loss: Loss = {
  priority: 'low',
  reason: 'cap',
  count: 17,
  fromMs: Date.parse('2025-12-30T10:00:00Z'),
  toMs: Date.parse('2025-12-31T11:30:00Z'),
};

describe('LossReporter', () => {
  let clock: FakeClock;
  let queue: FakeQueue;
  let reporter: LossReporter;
  let stop: AbortController;
  let running: Promise<void>;

  beforeEach(() => {
    clock = new FakeClock();
    queue = new FakeQueue(clock);
    reporter = new LossReporter(queue, clock);
    running = Promise.resolve();
  });

  afterEach(async () => {
    stop.abort();
    await running;
    assert.deepEqual([tracesAt(stop.signal), clock.sleeping], [0, []]);
  });

  /** A session begins. */
  function begin(): void {
    stop = new AbortController();
    running = reporter.run(stop.signal);
  }

  it('says at once what was lost, and that only once', async () => {
    queue.losses = [loss];
    begin();
    await clock.advance(600_000);
    assert.equal(queue.offered.length, 1);
    const [{ body, priority, input, properties, contentType }] = queue.offered as [
      (typeof queue.offered)[number],
    ];
    assert.deepEqual(JSON.parse(String(body)), {
      lost: [
        {
          priority: 'low',
          reason: 'cap',
          count: 17,
          from: '2025-12-30T10:00:00.000Z',
          to: '2025-12-31T11:30:00.000Z',
        },
      ],
    });
    assert.deepEqual(
      { priority, input, properties, contentType },
      {
        priority: 'high',
        input: 'dps-agent',
        properties: { record: 'loss' },
        contentType: 'application/json',
      },
    );
    assert.deepEqual(queue.losses, []);
  });

  it('says nothing where nothing was lost', async () => {
    begin();
    await clock.advance(600_000);
    assert.deepEqual(queue.offered, []);
  });

  it('looks again every minute', async () => {
    begin();
    await clock.advance(30_000);
    queue.losses = [loss];
    await clock.advance(29_999);
    assert.equal(queue.offered.length, 0);
    await clock.advance(1);
    assert.equal(queue.offered.length, 1);
  });

  it('says it again when the queue could not take the record', async () => {
    queue.losses = [loss];
    queue.refusal = 'full';
    begin();
    await settle();
    assert.deepEqual(queue.losses, [loss]);
    queue.refusal = undefined;
    await clock.advance(60_000);
    assert.equal(queue.offered.length, 1);
  });

  it('leaves the losses with the queue until the record is safe', async () => {
    queue.losses = [loss];
    let arrive: (place: Place) => void = () => undefined;
    queue.safe = () =>
      new Promise((resolve) => {
        arrive = resolve;
      });
    begin();
    await settle();
    assert.deepEqual([queue.offered.length, queue.losses], [1, [loss]]);
    arrive('disk');
    await settle();
    assert.deepEqual(queue.losses, []);
  });

  it('does not say it twice when the session ends before that', async () => {
    queue.losses = [loss];
    let arrive: (place: Place) => void = () => undefined;
    queue.safe = () =>
      new Promise((resolve) => {
        arrive = resolve;
      });
    begin();
    await settle();
    stop.abort();
    await running;
    begin();
    await clock.advance(120_000);
    assert.equal(queue.offered.length, 1);
    arrive('hub');
    await clock.advance(120_000);
    assert.deepEqual([queue.offered.length, queue.losses], [1, []]);
  });
});

it('has its record outlast the TTL of its priority, when the session ends before it is sent', async () => {
  const world = new QueueWorld();
  const high = { maxBytes: 100e6, ttlMs: 60_000 };
  world.settings = { ...plenty, priorities: { ...plenty.priorities, high } };
  const queue = await world.open();
  queue.offer(draft('x'.repeat(300_000), { input: 'camera' }));
  const session = new AbortController();
  const running = new LossReporter(queue, world.clock).run(session.signal);
  await world.flush();
  session.abort();
  await running;
  assert.deepEqual(queue.losses, []);
  await world.clock.advance(86_400_000);
  const [record] = await world.takeAll('high');
  assert.match(String(record?.message.body), /"reason":"oversize","count":1/);
  await world.close();
});
