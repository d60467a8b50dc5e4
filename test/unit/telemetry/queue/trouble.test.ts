import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isJsonObject, parseJson } from '../../../../src/lib/json.ts';
import { QueueWorld, bodies, draft, plenty } from './world.ts';

describe('a failing disk', () => {
  it('is said once, leaves messages in memory, and is written again by itself', async () => {
    const world = new QueueWorld();
    const queue = await world.open();
    world.files.failure = (operation) => (operation === 'write' ? 'EIO' : undefined);
    const first = world.offer('a');
    await world.flush();
    assert.equal(await first.safe, 'memory');
    assert.equal(await world.offer('b').safe, 'memory');
    await world.clock.advance(30_000);
    assert.equal(queue.status.storage, 'memory');
    assert.match(queue.status.trouble ?? '', /EIO/);
    assert.equal(world.log.messages('error').length, 1);

    world.files.failure = () => undefined;
    await world.clock.advance(60_000);
    assert.equal(queue.status.storage, 'disk');
    assert.equal(world.log.messages('warn').length, 1);
    world.kill();
    await world.open();
    assert.deepEqual(bodies(await world.takeAll()), ['a', 'b']);
    await world.close();
  });

  it('takes what a failed sync covered for unwritten, and writes it elsewhere', async () => {
    const world = new QueueWorld();
    await world.open();
    world.offer('a');
    await world.flush();
    world.files.failure = (operation, path) =>
      operation === 'sync' && path.endsWith('1.seg') ? 'EIO' : undefined;
    world.offer('b');
    await world.flush();
    await world.clock.advance(60_000);
    assert.equal(world.segments.length, 2);
    world.cutPower();
    await world.open();
    assert.deepEqual(bodies(await world.takeAll()), ['a', 'b']);
    await world.close();
  });

  it('at the start costs no number: IDs are of another queue until they can be set aside', async () => {
    const world = new QueueWorld();
    await world.open();
    const before = world.offer('a');
    await world.close();
    world.files.failure = (operation) => (operation === 'replace' ? 'EROFS' : undefined);
    await world.open();
    const after = world.offer('b');
    assert.notEqual(after.messageId.slice(0, 8), before.messageId.slice(0, 8));
    assert.match(String(world.log.messages('error')), /read-only/);
    world.kill();
  });

  it('is not taken for an empty queue: what could not be read is there at the next start', async () => {
    const world = new QueueWorld();
    await world.open();
    world.offer('a');
    await world.flush();
    await world.close();
    world.files.failure = (operation, path) =>
      operation === 'read' && path.endsWith('.seg') ? 'EIO' : undefined;
    assert.equal((await world.open()).depth, 0);
    assert.match(String(world.log.messages('error')), /left for the next start/);
    await world.close();
    world.files.failure = () => undefined;
    assert.equal((await world.open()).depth, 1);
    await world.close();
  });

  it('at the start, before the queue has a directory, is written once it can be', async () => {
    const world = new QueueWorld();
    world.files.failure = () => 'EROFS';
    const queue = await world.open();
    world.offer('a');
    await world.flush();
    assert.equal(queue.status.storage, 'memory');
    world.files.failure = () => undefined;
    await world.clock.advance(60_000);
    assert.equal(queue.status.storage, 'disk');
    world.kill();
    await world.open();
    assert.deepEqual(bodies(await world.takeAll()), ['a']);
    await world.close();
  });

  it('at the start costs nothing that is on it, though its numbers are not known', async () => {
    const world = new QueueWorld();
    await world.open();
    world.offer('before');
    await world.flush();
    await world.close();
    world.files.failure = (operation) => (operation === 'read' || operation === 'list' ? 'EIO' : undefined);
    await world.open();
    world.files.failure = () => undefined;
    world.offer('meanwhile');
    await world.flush();
    await world.reopen();
    assert.deepEqual(bodies(await world.takeAll()), ['before', 'meanwhile']);
    await world.close();
  });
});

it('gives nothing away for room that all it has would not make', async () => {
  const world = new QueueWorld();
  const queue = await world.open();
  for (let index = 0; index < 40; index += 1) world.offer('x'.repeat(1000), { priority: 'low' });
  await world.flush();
  const { capacityBytes, usedBytes } = world.files;
  const floorIs = (bytes: number): void => {
    world.settings = { ...plenty, minFreeBytes: capacityBytes - usedBytes + bytes };
  };
  floorIs(1_000_000);
  const { safe } = world.offer('in memory', { priority: 'high' });
  await world.flush();
  assert.equal(await safe, 'memory');
  assert.deepEqual([queue.depth, queue.status.storage], [41, 'memory']);
  floorIs(1000);
  await world.clock.advance(60_000);
  assert.equal(queue.status.storage, 'disk');
  assert.ok(queue.status.dropped.low.disk_full > 0);
  await world.close();
});

it('tells after a restart what it could not keep over it', async () => {
  const world = new QueueWorld();
  await world.open();
  world.offer('kept');
  await world.flush();
  // As below the floor of free space: what is small can be written still.
  world.settings = { ...plenty, minFreeBytes: world.files.capacityBytes };
  world.offer('lost', { priority: 'high' });
  world.offer('lost, too', { priority: 'high', createdAtMs: 5 });
  const [taken] = await world.takeAll('high');
  assert.ok(taken);
  world.queue.release(taken);
  const toMs = world.clock.now().getTime();
  await world.close();
  const told = { priority: 'high', reason: 'disk_full', count: 2, fromMs: 5, toMs };
  assert.match(String(world.log.messages('error').at(-1)), /cannot keep 2 messages.*of free space/);

  world.settings = plenty;
  await world.open();
  assert.deepEqual(world.queue.losses, [told]);
  assert.deepEqual(bodies(await world.takeAll()), ['kept']);
  await world.close();
});

it('goes on when somebody has deleted its files: they are counted as lost, and hold nothing up', async () => {
  const world = new QueueWorld();
  const queue = await world.open();
  for (let index = 0; index < 100; index += 1) world.offer('x'.repeat(1000));
  await world.flush();
  world.files.removeDirectory(world.directory);
  for (const entry of await world.takeAll()) queue.acknowledge(entry);
  world.offer('after');
  await world.clock.advance(180_000);
  assert.deepEqual(bodies(await world.takeAll()), ['after']);
  const readBefore = 100 - queue.status.dropped.normal.corrupt;
  assert.ok(readBefore > 0 && readBefore < 50, `${readBefore} were in memory`);
  assert.equal(queue.status.storage, 'disk');
  await world.close();
});

describe('a segment that cannot be read', () => {
  it('is tried again, holds nobody up for ever, and is counted when it is given up', async () => {
    const world = new QueueWorld();
    await world.open();
    world.offer('a');
    world.offer('b');
    await world.flush();
    await world.reopen();
    world.files.failure = (operation, path) =>
      operation === 'read' && path.endsWith('.seg') ? 'EIO' : undefined;
    const taking = world.queue.take('normal', new AbortController().signal);
    await world.work();
    assert.equal(world.queue.depth, 2, 'not given up at the first failure');
    await world.clock.advance(30_000);
    await world.work();
    assert.equal(world.queue.status.dropped.normal.corrupt, 2);
    world.offer('c');
    assert.equal((await taking)?.message.body, 'c');
    await world.close();
  });

  it('is delivered if it can be read again in time', async () => {
    const world = new QueueWorld();
    await world.open();
    world.offer('a');
    await world.flush();
    await world.reopen();
    world.files.failure = (operation, path) =>
      operation === 'read' && path.endsWith('.seg') ? 'EIO' : undefined;
    const taking = world.queue.take('normal', new AbortController().signal);
    await world.work();
    world.files.failure = () => undefined;
    await world.clock.advance(10_000);
    assert.equal((await taking)?.message.body, 'a');
    await world.close();
  });
});

describe('a full queue', () => {
  const small = {
    ...plenty,
    maxBytes: 60_000,
    priorities: {
      high: { maxBytes: 60_000, ttlMs: undefined },
      normal: { maxBytes: 60_000, ttlMs: undefined },
      low: { maxBytes: 30_000, ttlMs: undefined },
    },
  };

  it('drops the oldest of the lowest priority first, tells of it once, and tells of its end', async () => {
    const world = new QueueWorld();
    world.settings = small;
    const queue = await world.open();
    for (let index = 0; index < 20; index += 1) world.offer('l'.repeat(1000), { priority: 'low' });
    for (let index = 0; index < 55; index += 1) world.offer('h'.repeat(1000), { priority: 'high' });
    const { dropped } = queue.status;
    assert.ok(dropped.low.cap > 0 && dropped.low.cap < 20);
    assert.equal(dropped.high.cap, 0);
    for (let index = 0; index < 20; index += 1) world.offer('h'.repeat(1000), { priority: 'high' });
    assert.equal(queue.status.priorities.low.messages, 0);
    assert.deepEqual(queue.offer(draft('l'.repeat(1000), { priority: 'low', createdAtMs: 5 })), {
      accepted: false,
      reason: 'full',
    });
    assert.equal(world.log.messages('warn').length, 1);
    for (const entry of await world.takeAll('high')) queue.acknowledge(entry);
    assert.equal(world.log.messages('warn').length, 2);
    await world.close();
  });

  it('knows how old the oldest is of what is left, and of what is not delivered yet', async () => {
    const world = new QueueWorld();
    world.settings = small;
    const queue = await world.open();
    const times: number[] = [];
    for (let index = 0; index < 40; index += 1) {
      times.push(world.clock.now().getTime());
      world.offer('l'.repeat(1000), { priority: 'low' });
      await world.flush();
    }
    const { low } = queue.status.priorities;
    assert.ok(low.messages < 30);
    assert.equal(low.oldestMs, times[40 - low.messages]);
    const entry = await world.takeNow('low');
    assert.ok(entry);
    queue.acknowledge(entry);
    assert.equal(queue.status.priorities.low.oldestMs, times[41 - low.messages]);
    await world.close();
  });

  it('knows that while a file is begun, too', async () => {
    const world = new QueueWorld();
    const queue = await world.open();
    const madeMs = world.clock.now().getTime();
    world.offer('a');
    const seen = new Set<number | undefined>();
    world.files.failure = () => {
      seen.add(queue.status.priorities.normal.oldestMs);
      return undefined;
    };
    await world.flush();
    assert.deepEqual([...seen], [madeMs]);
    await world.close();
  });

  it('keeps what it lost on record over a crash, and counts it once', async () => {
    const world = new QueueWorld();
    world.settings = small;
    await world.open();
    for (let index = 0; index < 70; index += 1) {
      world.offer('l'.repeat(1000), { priority: 'low' });
      if (index % 5 === 0) await world.flush();
    }
    await world.flush();
    const { losses } = world.queue;
    assert.equal(losses.length, 1);
    world.kill();
    const queue = await world.open();
    assert.deepEqual(queue.losses, losses);
    assert.equal(queue.depth + (losses[0]?.count ?? 0), 70);
    queue.lossesTold(losses);
    assert.deepEqual(queue.losses, []);
    await world.reopen();
    assert.deepEqual(world.queue.losses, []);
    await world.close();
  });

  it('takes no file, at a later start, for the one of that name that was dropped', async () => {
    const world = new QueueWorld();
    world.settings = small;
    await world.open();
    for (let index = 0; index < 35; index += 1) {
      world.offer('l'.repeat(1000), { priority: 'low' });
      if (index % 5 === 0) await world.flush();
    }
    const { losses } = world.queue;
    assert.equal(losses.length, 1);
    await world.reopen();
    await world.close();
    // All but the losses: the numbers begin again.
    for (const path of [...world.segments, '/queue/state.json']) await world.files.remove(path);
    await world.open();
    for (let index = 0; index < 25; index += 1) world.offer('n'.repeat(1000), { priority: 'low' });
    await world.flush();
    world.kill();
    const queue = await world.open();
    assert.equal(queue.depth, 25);
    assert.deepEqual(queue.losses, losses);
    await world.close();
  });

  it('holds producers back until the disk has taken what is in memory', async () => {
    const world = new QueueWorld();
    world.settings = { ...plenty, memoryMaxBytes: 20_000 };
    const queue = await world.open();
    const never = new AbortController().signal;
    await queue.ready(never);
    for (let index = 0; index < 11; index += 1) world.offer('x'.repeat(1000));
    let isReady = false;
    void queue.ready(never).then(() => {
      isReady = true;
    });
    await Promise.resolve();
    assert.equal(isReady, false);
    await world.work();
    assert.equal(isReady, true);
    assert.equal(queue.status.dropped.normal.cap, 0);
    await world.close();
  });
});

describe('what is past its time', () => {
  it('is dropped and counted, in memory, on the disk, and with a TTL of its own', async () => {
    const world = new QueueWorld();
    const normal = { maxBytes: 100e6, ttlMs: 60_000 };
    world.settings = { ...plenty, priorities: { ...plenty.priorities, normal } };
    const queue = await world.open();
    world.offer('old');
    await world.flush();
    world.offer('short', { ttlMs: 10 });
    await world.clock.advance(50);
    assert.deepEqual(bodies(await world.takeAll()), ['old']);
    assert.equal(queue.status.dropped.normal.ttl, 1);
    world.kill();
    await world.open();
    await world.clock.advance(125_000);
    await world.work();
    assert.equal(world.queue.depth, 0);
    assert.deepEqual(world.segments, []);
    await world.close();
  });

  it('is nothing of a priority without a TTL, even from 1970', async () => {
    const world = new QueueWorld();
    await world.open();
    world.offer('from a sensor without a clock', { createdAtMs: 0 });
    await world.flush();
    await world.reopen();
    await world.clock.advance(125_000);
    assert.deepEqual(world.queue.status.dropped.normal.ttl, 0);
    assert.deepEqual(bodies(await world.takeAll()), ['from a sensor without a clock']);
    await world.close();
  });

  it('is not told by a clock that cannot be trusted, nor of a message accepted under one', async () => {
    const world = new QueueWorld();
    const normal = { maxBytes: 100e6, ttlMs: 60_000 };
    world.settings = { ...plenty, priorities: { ...plenty.priorities, normal } };
    world.trustsClock = false;
    await world.open();
    world.offer('from 1970');
    await world.flush();
    world.clock.stepWallClock(1e12);
    world.trustsClock = true;
    await world.clock.advance(125_000);
    await world.reopen();
    assert.deepEqual(bodies(await world.takeAll()), ['from 1970']);
    await world.close();
  });
});

it('sets aside what the hub will never take, for a person to read', async () => {
  const world = new QueueWorld();
  const queue = await world.open();
  const { messageId } = world.offer('poison', { properties: { a: 'b' } });
  const [entry] = await world.takeAll();
  assert.ok(entry);
  queue.setAside(entry, 'IoT Hub refused it');
  await world.work();
  const [letter = {}] = letters(world);
  assert.deepEqual(
    [letter['messageId'], letter['why'], letter['body'], letter['properties']],
    [messageId, 'IoT Hub refused it', 'poison', { a: 'b' }],
  );
  assert.equal(queue.status.dropped.normal.rejected, 1);
  assert.equal(queue.depth, 0);
  await world.close();
});

it('sets aside the beginning of what is too large for the hub, one an hour of each input', async () => {
  const world = new QueueWorld();
  const queue = await world.open();
  const offer = (input: string): void => {
    assert.equal(queue.offer(draft(`${input} ${'x'.repeat(300_000)}`, { input })).accepted, false);
  };
  for (const input of ['a', 'b', 'a']) offer(input);
  await world.work();
  assert.deepEqual(
    letters(world).map(({ input, body }) => [input, String(body).slice(0, 4)]),
    [
      ['a', 'a xx'],
      ['b', 'b xx'],
    ],
  );
  assert.match(String(letters(world)[0]?.['why']), /^it has 3\d{5} bytes, and IoT Hub takes at most 262144/);
  assert.ok(world.files.content(deadLetters).length < 10_000);
  assert.match(String(world.log.messages('error')), /which input it is of.*dead-letter\.ndjson/);
  await world.clock.advance(3_600_000);
  offer('a');
  await world.work();
  assert.equal(letters(world).length, 3);
  assert.equal(queue.status.dropped.normal.oversize, 4);
  await world.close();
});

it('writes each letter once, on a line of its own, though the disk is full in between, and keeps it', async () => {
  const world = new QueueWorld();
  const queue = await world.open();
  const bodiesOf = (): unknown[] => letters(world).map(({ body }) => body);
  for (const body of ['first', 'second']) world.offer(body);
  const [first, second] = await world.takeAll();
  assert.ok(first && second);
  world.files.capacityBytes = world.files.usedBytes + 4096;
  for (const entry of [first, second]) queue.setAside(entry, 'w'.repeat(3000));
  await world.work();
  world.files.capacityBytes = 2 ** 40;
  await world.clock.advance(60_000);
  await world.work();
  assert.deepEqual(bodiesOf(), ['first', 'second']);
  world.cutPower();
  assert.deepEqual(bodiesOf(), ['first', 'second']);
});

const deadLetters = '/queue/dead-letter.ndjson';

/** Of lines that are whole. */
function letters(world: QueueWorld): Record<string, unknown>[] {
  const lines = world.files.content(deadLetters).toString().trimEnd().split('\n');
  return lines.flatMap((line) => {
    const letter = parseJson(line);
    return isJsonObject(letter) ? [letter] : [];
  });
}
