import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { WayMemory } from '../../../src/azure/way-memory.ts';
import type { BlockedHosts, WayStore } from '../../../src/azure/way-memory.ts';
import { FakeClock } from '../../fakes/fake-clock.ts';

const hour = 3_600_000;
const auto = { transport: 'auto', routeId: 'direct' } as const;

class KeptWays implements WayStore {
  hosts: BlockedHosts;
  saves = 0;
  constructor(hosts: BlockedHosts = {}) {
    this.hosts = hosts;
  }
  load(): Promise<BlockedHosts> {
    return Promise.resolve(this.hosts);
  }
  save(hosts: BlockedHosts): Promise<void> {
    this.hosts = hosts;
    this.saves += 1;
    return Promise.resolve();
  }
}

describe('the memory of ways', () => {
  it('is per host, lasts an hour, and then plain MQTT is tried again', async () => {
    const clock = new FakeClock();
    const memory = new WayMemory(clock);
    assert.deepEqual(await memory.waysTo('hub', auto), ['mqtt', 'mqtt_ws']);
    await memory.worked('hub', 'mqtt_ws', ['mqtt']);
    assert.deepEqual(await memory.waysTo('hub', auto), ['mqtt_ws', 'mqtt']);
    assert.deepEqual(await memory.waysTo('other', auto), ['mqtt', 'mqtt_ws']);
    await clock.advance(hour);
    assert.deepEqual(await memory.waysTo('hub', auto), ['mqtt', 'mqtt_ws']);
  });

  it('is not renewed by WebSockets that worked without plain MQTT having been tried', async () => {
    const clock = new FakeClock();
    const memory = new WayMemory(clock);
    await memory.worked('hub', 'mqtt_ws', ['mqtt']);
    await clock.advance(hour / 2);
    await memory.worked('hub', 'mqtt_ws', []);
    await clock.advance(hour / 2);
    assert.deepEqual(await memory.waysTo('hub', auto), ['mqtt', 'mqtt_ws']);
  });

  it('is forgotten when plain MQTT works', async () => {
    const store = new KeptWays();
    const memory = new WayMemory(new FakeClock(), store);
    await memory.worked('hub', 'mqtt_ws', ['mqtt']);
    await memory.worked('hub', 'mqtt', ['mqtt_ws']);
    assert.deepEqual(await memory.waysTo('hub', auto), ['mqtt', 'mqtt_ws']);
    assert.deepEqual(store.hosts, {});
  });

  it('outlives the process where it is kept, and is written only when it changes', async () => {
    const store = new KeptWays();
    const clock = new FakeClock();
    const first = new WayMemory(clock, store);
    await first.worked('hub', 'mqtt', []);
    assert.equal(store.saves, 0);
    await first.worked('hub', 'mqtt_ws', ['mqtt']);
    await first.worked('hub', 'mqtt_ws', []);
    assert.equal(store.saves, 1);
    assert.deepEqual(await new WayMemory(clock, store).waysTo('hub', auto), ['mqtt_ws', 'mqtt']);
  });

  it('is forgotten when another route is taken, where it is kept too', async () => {
    const store = new KeptWays();
    const memory = new WayMemory(new FakeClock(), store);
    await memory.waysTo('hub', auto);
    await memory.worked('hub', 'mqtt_ws', ['mqtt']);
    assert.deepEqual(await memory.waysTo('hub', auto), ['mqtt_ws', 'mqtt']);
    const byProxy = { ...auto, routeId: 'by a proxy' };
    assert.deepEqual(await memory.waysTo('hub', byProxy), ['mqtt', 'mqtt_ws']);
    assert.deepEqual(store.hosts, {});
    assert.deepEqual(await memory.waysTo('hub', auto), ['mqtt', 'mqtt_ws']);
  });

  it('ranks by the transport of the attempt', async () => {
    const memory = new WayMemory(new FakeClock());
    assert.deepEqual(await memory.waysTo('hub', { transport: 'mqtt', routeId: 'a' }), ['mqtt']);
    assert.deepEqual(await memory.waysTo('hub', { transport: 'mqtt_ws', routeId: 'b' }), ['mqtt_ws']);
    assert.deepEqual(await memory.waysTo('hub', auto), ['mqtt', 'mqtt_ws']);
  });

  it('keeps what a start has read, whatever the route', async () => {
    const store = new KeptWays({ hub: new FakeClock().now().toISOString() });
    assert.deepEqual(await new WayMemory(new FakeClock(), store).waysTo('hub', auto), ['mqtt_ws', 'mqtt']);
  });

  it('holds 16 hosts, and forgets the oldest', async () => {
    const store = new KeptWays();
    const memory = new WayMemory(new FakeClock(), store);
    for (let n = 1; n <= 17; n += 1) await memory.worked(`hub-${n}`, 'mqtt_ws', ['mqtt']);
    assert.equal(Object.keys(store.hosts).length, 16);
    assert.equal('hub-1' in store.hosts, false);
  });
});
