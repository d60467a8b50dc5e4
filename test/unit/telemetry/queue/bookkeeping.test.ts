import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Operation } from './fake-queue-files.ts';
import { QueueWorld, bodies, plenty } from './world.ts';

const small = {
  ...plenty,
  priorities: { ...plenty.priorities, low: { maxBytes: 30_000, ttlMs: undefined } },
};

const isSegment = (path: string): boolean => path.endsWith('.seg');

/** As many as were ever offered: none is lost without a word. */
async function accountedFor(world: QueueWorld): Promise<number> {
  const queue = await world.open();
  return queue.depth + queue.losses.reduce((sum, { count }) => sum + count, 0);
}

/** What fails first, if it is to; the program is killed as soon as a segment's file goes. */
function killedAsSegmentsGo(
  world: QueueWorld,
  first: (operation: Operation, path: string) => string | undefined = () => undefined,
): void {
  world.files.failure = (operation, path) => {
    if (operation === 'remove' && isSegment(path)) world.files.kill();
    return first(operation, path);
  };
}

/** A message at a time, each on the disk, while `goesOn`. */
async function fill(world: QueueWorld, goesOn: (offered: number) => boolean): Promise<number> {
  let offered = 0;
  for (; goesOn(offered); offered += 1) {
    world.offer('l'.repeat(1000), { priority: 'low' });
    await world.flush();
  }
  return offered;
}

const isRecord = (operation: Operation, path: string): boolean =>
  operation === 'replace' && path.endsWith('losses.json');

describe('a loss is on record before its file goes, whenever the program is killed', () => {
  it('though the disk would not have it', async () => {
    const world = new QueueWorld();
    world.settings = small;
    await world.open();
    const onDisk = await fill(world, (offered) => offered < 25);
    killedAsSegmentsGo(world, (operation, path) => (isRecord(operation, path) ? 'EIO' : undefined));
    await fill(world, (offered) => offered < 10);
    assert.ok((world.queue.losses[0]?.count ?? 0) > 0);
    world.kill();
    world.files.failure = () => undefined;
    assert.ok((await accountedFor(world)) >= onDisk);
    await world.close();
  });

  it('or right behind it, where the disk is so full that the file has to make room for the record', async () => {
    const world = new QueueWorld();
    world.settings = small;
    const queue = await world.open();
    let records = 0;
    world.files.failure = (operation, path) =>
      isRecord(operation, path) && (records += 1) === 1 ? 'ENOSPC' : undefined;
    const offered = await fill(world, () => queue.losses.length === 0);
    world.kill();
    assert.equal(records, 2);
    assert.equal(await accountedFor(world), offered);
    await world.close();
  });

  it('where records of it could not be read', async () => {
    const world = new QueueWorld();
    await world.open();
    for (let index = 0; index < 3; index += 1) world.offer(`message ${index}`);
    await world.flush();
    world.kill();
    const [path = ''] = world.segments;
    const damaged = Buffer.from(world.files.content(path));
    damaged.write('#', damaged.indexOf('message 1'));
    world.files.put(path, damaged);
    const queue = await world.open();
    killedAsSegmentsGo(world);
    for (const entry of await world.takeAll()) queue.acknowledge(entry);
    await world.work();
    assert.equal(queue.status.dropped.normal.corrupt, 1);
    world.files.failure = () => undefined;
    const { losses } = await world.open();
    assert.deepEqual(
      losses.map(({ reason, count }) => ({ reason, count })),
      [{ reason: 'corrupt', count: 1 }],
    );
    await world.close();
  });
});

it('records a loss that no file goes with, once the disk takes it again', async () => {
  const world = new QueueWorld();
  const queue = await world.open();
  await world.flush();
  world.offer('short', { ttlMs: 10 });
  await world.clock.advance(50);
  assert.deepEqual(await world.takeAll(), []);
  let records = 0;
  world.files.failure = (operation, path) =>
    isRecord(operation, path) && (records += 1) === 1 ? 'EIO' : undefined;
  await world.clock.advance(120_000);
  await world.work();
  assert.ok(records > 1);
  const { losses } = queue;
  assert.equal(losses.length, 1);
  world.kill();
  assert.deepEqual((await world.open()).losses, losses);
  await world.close();
});

it('writes within the flush interval what a session has given back', async () => {
  const world = new QueueWorld();
  const queue = await world.open();
  world.offer('a');
  for (const entry of await world.takeAll()) queue.release(entry);
  await world.flush();
  world.kill();
  await world.open();
  assert.deepEqual(bodies(await world.takeAll()), ['a']);
  await world.close();
});

it('knows after a kill what was appended behind what was set aside', async () => {
  const world = new QueueWorld();
  world.files.failure = (operation, path) =>
    operation === 'replace' && path.endsWith('state.json') ? 'EIO' : undefined;
  await world.open();
  world.offer('a');
  await world.flush();
  world.files.failure = () => undefined;
  await world.clock.advance(60_000);
  world.offer('b');
  await world.flush();
  world.kill();
  const queue = await world.open();
  assert.equal(queue.depth, 2);
  for (const entry of await world.takeAll()) queue.acknowledge(entry);
  assert.equal(queue.depth, 0);
  await world.close();
});

it('keeps to its size though what is being sent of a dropped segment has to stay', async () => {
  const world = new QueueWorld();
  world.settings = small;
  const queue = await world.open();
  for (let round = 0; round < 8; round += 1) {
    for (let index = 0; index < 5; index += 1) world.offer('l'.repeat(1000), { priority: 'low' });
    await world.flush();
    const taken = [await world.takeNow('low'), await world.takeNow('low')];
    for (let index = 0; index < 30; index += 1) world.offer('l'.repeat(1000), { priority: 'low' });
    for (const entry of taken) if (entry !== undefined) queue.acknowledge(entry);
    await world.flush();
    const { bytes } = queue.status.priorities.low;
    assert.ok(bytes <= 30_000, `${bytes} bytes in round ${round}`);
  }
  await world.close();
});

it('does not take for expired what it had in time, when the clock is wrong by now', async () => {
  const world = new QueueWorld();
  await world.open();
  world.offer('in time', { ttlMs: 60_000 });
  world.clock.stepWallClock(1e12);
  world.trustsClock = false;
  assert.deepEqual(bodies(await world.takeAll()), ['in time']);
  await world.close();
});

it('tells in the end of what was never written that it was in memory only', async () => {
  const world = new QueueWorld();
  await world.open();
  const { safe } = world.offer('a');
  world.files.failure = (operation) => (operation === 'write' ? 'EIO' : undefined);
  await world.close();
  assert.equal(await safe, 'memory');
});
