import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { QueueWorld, bodies, draft, plenty } from './world.ts';

describe('the queue on disk', () => {
  it('hands out what is offered in order, and writes nothing of what is acknowledged in time', async () => {
    const world = new QueueWorld();
    const queue = await world.open();
    const written = world.files.counts.bytes;
    for (let round = 0; round < 50; round += 1) {
      const offered = world.offer(`m${round}`);
      const [taken] = await world.takeAll();
      assert.ok(taken);
      assert.equal(taken.message.body, `m${round}`);
      queue.acknowledge(taken);
      assert.equal(await offered.safe, 'hub');
      await world.clock.advance(300);
    }
    assert.equal(world.files.counts.bytes, written);
    assert.equal(world.files.counts.replace, 1);
    assert.equal(queue.depth, 0);
    await world.close();
  });

  it('writes what is not acknowledged within the flush interval, once, and delivers it after a kill', async () => {
    const world = new QueueWorld();
    await world.open();
    const offers = ['a', 'b', 'c'].map((body) => world.offer(body));
    await world.flush();
    assert.deepEqual(await Promise.all(offers.map(({ safe }) => safe)), ['disk', 'disk', 'disk']);
    assert.deepEqual([world.files.counts.write, world.files.counts.sync], [1, 1]);
    world.kill();
    await world.open();
    const taken = await world.takeAll();
    assert.deepEqual(bodies(taken), ['a', 'b', 'c']);
    assert.deepEqual(
      taken.map(({ message }) => message.messageId),
      offers.map(({ messageId }) => messageId),
    );
    await world.close();
  });

  it('writes a flood at once while there is nobody to send it, and waits as ever while there is', async () => {
    const world = new QueueWorld();
    const queue = await world.open();
    const flood = (): unknown[] => Array.from({ length: 280 }, () => world.offer('x'.repeat(1000)));
    const sent = new AbortController();
    const taken = [queue.take('normal', sent.signal), queue.take('normal', sent.signal)];
    flood();
    await world.work();
    assert.equal(world.files.counts.write, 0);
    for (const entry of await Promise.all(taken)) if (entry !== undefined) queue.release(entry);
    world.offer('one more, and nobody there');
    await world.work();
    assert.equal(world.files.counts.write, 1);
    flood();
    await world.work();
    const written = world.files.counts.write;
    assert.ok(written > 1);
    world.offer('too little to be written at once');
    await world.work();
    assert.equal(world.files.counts.write, written);
    await world.close();
  });

  it('keeps order over memory, disk and what was given back', async () => {
    const world = new QueueWorld();
    const queue = await world.open();
    for (const body of ['a', 'b', 'c', 'd']) world.offer(body);
    const first = await world.takeNow();
    const second = await world.takeNow();
    assert.ok(first && second);
    await world.flush();
    world.offer('e');
    queue.release(second);
    queue.release(first);
    assert.deepEqual(bodies(await world.takeAll()), ['a', 'b', 'c', 'd', 'e']);
    await world.close();
  });

  it('sends nothing twice after a clean restart, and removes the files of what was acknowledged', async () => {
    const world = new QueueWorld();
    const queue = await world.open();
    for (let index = 0; index < 10; index += 1) world.offer(`m${index}`);
    await world.flush();
    const taken = await world.takeAll();
    const acknowledged = new Set([0, 1, 2, 4, 7]);
    for (const [index, entry] of taken.entries())
      if (acknowledged.has(index)) queue.acknowledge(entry);
      else queue.release(entry);
    const again = await world.reopen();
    assert.equal(again.depth, 5);
    const left = await world.takeAll();
    assert.deepEqual(bodies(left), ['m3', 'm5', 'm6', 'm8', 'm9']);
    for (const entry of left) again.acknowledge(entry);
    await world.work();
    assert.deepEqual(world.segments, []);
    assert.equal((await world.reopen()).depth, 0);
    await world.close();
  });

  it('never gives a sequence number twice, whatever ends it', async () => {
    const world = new QueueWorld();
    await world.open();
    const first = world.offer('a').sequence;
    await world.reopen();
    assert.equal(world.offer('b').sequence, first + 1);
    world.kill();
    await world.open();
    assert.ok(world.offer('c').sequence > first + 1);
    await world.close();
  });

  it('refuses what is too large for the hub, and tells of it', async () => {
    const world = new QueueWorld();
    const queue = await world.open();
    assert.deepEqual(queue.offer(draft('x'.repeat(262_144))), { accepted: false, reason: 'oversize' });
    assert.equal(queue.status.dropped.normal.oversize, 1);
    assert.equal(queue.losses[0]?.reason, 'oversize');
    await world.close();
  });

  it('makes what always asks for safe at once, and gathers what comes meanwhile into one write', async () => {
    const world = new QueueWorld();
    world.settings = { ...plenty, durability: 'always' };
    await world.open();
    const offers = Array.from({ length: 20 }, (_, index) => world.offer(`m${index}`));
    assert.deepEqual(new Set(await Promise.all(offers.map(({ safe }) => safe))), new Set(['disk']));
    assert.ok(world.files.counts.write <= 2, String(world.files.counts.write));
    world.cutPower();
    await world.open();
    assert.equal((await world.takeAll()).length, 20);
    await world.close();
  });
});
