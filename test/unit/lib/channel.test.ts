import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { Channel } from '../../../src/lib/channel.ts';
import { settle } from '../../fakes/fake-clock.ts';

describe('Channel', () => {
  let stop: AbortController;
  let channel: Channel<number>;
  let received: number[];

  beforeEach(() => {
    stop = new AbortController();
    channel = new Channel<number>(stop.signal);
    received = [];
  });

  async function receive(each: (value: number) => unknown = () => undefined): Promise<void> {
    for await (const value of channel) {
      received.push(value);
      await each(value);
    }
  }

  it('hands on what was pushed before anybody listened, in order', async () => {
    for (const value of [1, 2, 3]) channel.push(value);
    void receive();
    await settle();
    assert.deepEqual(received, [1, 2, 3]);
  });

  it('hands on what is pushed while somebody waits', async () => {
    void receive();
    for (const value of [1, 2, 3]) {
      await settle();
      channel.push(value);
    }
    await settle();
    assert.deepEqual(received, [1, 2, 3]);
  });

  it('misses nothing that is pushed while the listener is busy', async () => {
    void receive(async (value) => {
      if (value < 5) channel.push(value + 1);
      await settle();
    });
    channel.push(1);
    for (let round = 0; round < 20; round += 1) await settle();
    assert.deepEqual(received, [1, 2, 3, 4, 5]);
  });

  it('misses nothing that is pushed at any moment between two looks', async () => {
    void receive();
    for (let value = 0; value < 100; value += 1) {
      for (let tick = 0; tick < value % 7; tick += 1) await Promise.resolve();
      channel.push(value);
    }
    await settle();
    assert.deepEqual(
      received,
      Array.from({ length: 100 }, (_, value) => value),
    );
  });

  it('hands on values that are false, zero, empty or null', async () => {
    const odd = new Channel<unknown>(stop.signal);
    const values: unknown[] = [0, '', false, null];
    for (const value of values) odd.push(value);
    const taken: unknown[] = [];
    for await (const value of odd) {
      taken.push(value);
      if (taken.length === values.length) break;
    }
    assert.deepEqual(taken, values);
  });

  it('ends for who waits when it is aborted', async () => {
    const receiving = receive();
    await settle();
    stop.abort();
    await receiving;
    assert.deepEqual(received, []);
  });

  it('ends after the value in hand when it is aborted meanwhile', async () => {
    channel.push(1);
    channel.push(2);
    await receive(() => {
      stop.abort();
    });
    assert.deepEqual(received, [1]);
  });

  it('hands on nothing once it was aborted, whenever it was pushed', async () => {
    channel.push(1);
    stop.abort();
    channel.push(2);
    await receive();
    assert.deepEqual(received, []);
  });
});
