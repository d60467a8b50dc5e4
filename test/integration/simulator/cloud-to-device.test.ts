import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import type { Message } from 'azure-iot-device';
import type { Simulator } from '../../../src/simulator/simulator.ts';
import { control, openDevice, simulatorFor } from './support.ts';
import { connectToHub } from './wire.ts';

const filter = 'devices/gw-1/messages/devicebound/#';

async function device(t: TestContext): Promise<{ readonly simulator: Simulator; readonly key: string }> {
  const simulator = await simulatorFor(t);
  const { identity } = simulator.registry.putDevice('gw-1', {});
  const { authentication } = identity;
  return { simulator, key: authentication.type === 'sas' ? authentication.symmetricKey.primaryKey : '' };
}

describe('cloud-to-device messages', () => {
  it('reach the SDK with their properties', async (t) => {
    const { simulator, key } = await device(t);
    const client = await openDevice(
      t,
      simulator,
      { assignedHub: simulator.hubs[0]?.name ?? '', deviceId: 'gw-1' },
      key,
    );
    const arrived = once(client, 'message') as Promise<[Message]>;
    const { status } = await control(simulator, 'POST', '/devices/gw-1/messages/deviceBound', {
      body: { set: 21 },
      messageId: 'c-1',
      correlationId: 'a/b=c',
      properties: { 'method-name': 'reboot now', odd: "it's (50%)*" },
    });
    assert.equal(status, 201);
    const [message] = await arrived;
    assert.equal(String(message.data), '{"set":21}');
    assert.equal(message.messageId, 'c-1');
    assert.equal(message.correlationId, 'a/b=c');
    const properties = new Map<string, string>();
    for (let index = 0; index < message.properties.count(); index += 1) {
      const { key: name, value } = message.properties.getItem(index);
      properties.set(name, value);
    }
    assert.equal(properties.get('method-name'), 'reboot now');
    assert.equal(properties.get('odd'), "it's (50%)*");
  });

  it('wait for a device that is away and come again until they are acknowledged', async (t) => {
    const { simulator, key } = await device(t);
    const first = await connectToHub(t, simulator, 'gw-1', key);
    assert.equal(first.connack.sessionPresent, false);
    await first.wire.subscribe([filter, 1]);
    first.wire.send({ cmd: 'disconnect' });
    await first.wire.closed;
    simulator.sendCloudToDevice('gw-1', { body: 'one' });
    simulator.sendCloudToDevice('gw-1', { body: 'two' });

    const second = await connectToHub(t, simulator, 'gw-1', key);
    assert.equal(second.connack.sessionPresent, true);
    const one = await second.wire.next('publish');
    assert.deepEqual([one.payload.toString(), one.qos], ['one', 1]);
    assert.equal((await second.wire.next('publish')).payload.toString(), 'two');
    second.wire.send({ cmd: 'puback', messageId: one.messageId ?? 0 });
    await second.wire.ping();
    second.wire.destroy();

    const third = await connectToHub(t, simulator, 'gw-1', key);
    const again = await third.wire.next('publish');
    assert.equal(again.payload.toString(), 'two');
    third.wire.send({ cmd: 'puback', messageId: again.messageId ?? 0 });
    await third.wire.ping();
    assert.deepEqual(simulator.registry.getDevice('gw-1').queue, []);
  });

  it('are complete once sent, to a subscription at QoS 0', async (t) => {
    const { simulator, key } = await device(t);
    const { wire } = await connectToHub(t, simulator, 'gw-1', key);
    await wire.subscribe([filter, 0]);
    simulator.sendCloudToDevice('gw-1', { body: 'x' });
    assert.equal((await wire.next('publish')).qos, 0);
    assert.deepEqual(simulator.registry.getDevice('gw-1').queue, []);
  });

  it('are gone, and the session with them, for a device that connects clean', async (t) => {
    const { simulator, key } = await device(t);
    const first = await connectToHub(t, simulator, 'gw-1', key);
    await first.wire.subscribe([filter, 1]);
    first.wire.destroy();
    simulator.sendCloudToDevice('gw-1', { body: 'x' });
    await connectToHub(t, simulator, 'gw-1', key, { clean: true });
    assert.deepEqual(simulator.registry.getDevice('gw-1').queue, []);
    const third = await connectToHub(t, simulator, 'gw-1', key);
    assert.equal(third.connack.sessionPresent, false);
  });

  it('are at most fifty, at most 64 KB each, and go when their time is up', async (t) => {
    const { simulator, key } = await device(t);
    assert.throws(() => simulator.sendCloudToDevice('gw-1', { body: 'x'.repeat(65537) }), { code: 413001 });
    simulator.sendCloudToDevice('gw-1', { body: 'late', ttlSeconds: 0 });
    for (let count = 0; count < 50; count += 1) simulator.sendCloudToDevice('gw-1', { body: `n${count}` });
    assert.throws(() => simulator.sendCloudToDevice('gw-1', {}), { code: 403004 });
    const { wire } = await connectToHub(t, simulator, 'gw-1', key);
    await wire.subscribe([filter, 1]);
    assert.equal((await wire.next('publish')).payload.toString(), 'n0');
  });
});
