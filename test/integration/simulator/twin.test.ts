import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import type { Client, Twin } from 'azure-iot-device';
import type { Simulator } from '../../../src/simulator/simulator.ts';
import { control, openDevice, simulatorFor } from './support.ts';
import { connectToHub } from './wire.ts';

async function connectedDevice(
  t: TestContext,
  deviceId = 'gw-1',
): Promise<{ readonly simulator: Simulator; readonly client: Client; readonly key: string }> {
  const simulator = await simulatorFor(t);
  const { identity } = simulator.registry.putDevice(deviceId, {});
  const key = identity.authentication.type === 'sas' ? identity.authentication.symmetricKey.primaryKey : '';
  const assignedHub = simulator.hubs[0]?.name ?? '';
  return { simulator, client: await openDevice(t, simulator, { assignedHub, deviceId }, key), key };
}

type Done = (error?: Error | null) => void;

const report = (twin: Twin, patch: object): Promise<void> =>
  new Promise((resolve, reject) => {
    const { reported } = twin.properties as unknown as {
      reported: { update(patch: object, done: Done): void };
    };
    reported.update(patch, (error) => {
      if (error) reject(error);
      else resolve();
    });
  });

describe('twin', () => {
  it('gives the SDK desired and reported properties with their versions', async (t) => {
    const { simulator, client } = await connectedDevice(t);
    simulator.patchDesired('gw-1', { telemetry: { intervalSeconds: 5 } });
    const twin = await client.getTwin();
    const desired = twin.properties.desired as Record<string, unknown>;
    assert.deepEqual(desired['telemetry'], { intervalSeconds: 5 });
    assert.equal(desired['$version'], 2);
    assert.equal((twin.properties.reported as Record<string, unknown>)['$version'], 1);
  });

  it('takes what the SDK reports, merging and deleting, and shows it to the service', async (t) => {
    const { simulator, client } = await connectedDevice(t);
    const twin = await client.getTwin();
    await report(twin, { state: { phase: 'up', old: 1 }, list: [1, 2] });
    await report(twin, { state: { old: null }, list: [3] });
    const { body } = await control(simulator, 'GET', '/twins/gw-1');
    const { reported } = (body as { properties: { reported: Record<string, unknown> } }).properties;
    assert.deepEqual(reported['state'], { phase: 'up' });
    assert.deepEqual(reported['list'], [3]);
    assert.equal(reported['$version'], 3);
    assert.ok('$metadata' in reported);
  });

  it('tells the SDK a desired patch, its nulls and its version', async (t) => {
    const { simulator, client } = await connectedDevice(t);
    const twin = await client.getTwin();
    // The SDK first tells the listener the whole document, which has version 1.
    const patched = new Promise((resolve) => {
      twin.on('properties.desired', (patch: { $version: number }) => {
        if (patch.$version === 2) resolve(patch);
      });
    });
    // Its answer shows that the subscription, which was sent before, is in place.
    await report(twin, { ready: true });
    simulator.patchDesired('gw-1', { mode: 'fast', gone: null });
    assert.deepEqual(await patched, { mode: 'fast', gone: null, $version: 2 });
  });

  it('answers a bad patch with an error body that the SDK understands', async (t) => {
    const { client } = await connectedDevice(t);
    const twin = await client.getTwin();
    await assert.rejects(report(twin, { 'a.b': 1 }), /cannot use the name "a\.b"/);
    await assert.rejects(report(twin, { big: 'x'.repeat(5000) }), /more than 4096 bytes/);
    await report(twin, { fine: true });
  });

  it('refuses a conditional patch of another version with 412, and takes the right one', async (t) => {
    const { simulator, key } = await connectedDevice(t);
    const { wire } = await connectToHub(t, simulator, 'gw-1', key);
    await wire.subscribe(['$iothub/twin/res/#', 0]);
    wire.publish('$iothub/twin/PATCH/properties/reported/?$rid=a&$version=9', '{"x":1}');
    assert.equal((await wire.next('publish')).topic, '$iothub/twin/res/412/?$rid=a');
    wire.publish('$iothub/twin/PATCH/properties/reported/?$rid=b&$version=1', '{"x":1}');
    assert.equal((await wire.next('publish')).topic, '$iothub/twin/res/204/?$rid=b&$version=2');
  });

  it('answers at the QoS that was granted, and echoes the request ID as it came', async (t) => {
    const { simulator, key } = await connectedDevice(t);
    const { wire } = await connectToHub(t, simulator, 'gw-1', key);
    assert.deepEqual(await wire.subscribe(['$iothub/twin/res/#', 2]), [1]);
    wire.publish('$iothub/twin/GET/?$rid=a%2Fword', ' ', { qos: 1, messageId: 3 });
    assert.equal((await wire.next('puback')).messageId, 3);
    const answer = await wire.next('publish');
    assert.equal(answer.topic, '$iothub/twin/res/200/?$rid=a%2Fword');
    assert.equal(answer.qos, 1);
    assert.deepEqual(JSON.parse(answer.payload.toString()), {
      desired: { $version: 1 },
      reported: { $version: 1 },
    });
  });
});

describe('direct methods', () => {
  it('reach the SDK and bring its answer back', async (t) => {
    const { simulator, client } = await connectedDevice(t);
    client.onDeviceMethod('reboot', (request, response) => {
      void response.send(200, { heard: request.payload as unknown });
    });
    const options = { methodName: 'reboot', payload: { delay: 3 }, connectTimeoutInSeconds: 5 };
    const { status, body } = await control(simulator, 'POST', '/twins/gw-1/methods', options);
    assert.equal(status, 200);
    assert.deepEqual(body, { status: 200, payload: { heard: { delay: 3 } } });
  });

  it('get 404 for a device that is not there and 504 for one that does not answer', async (t) => {
    const { simulator, key } = await connectedDevice(t);
    simulator.registry.putDevice('away', {});
    const away = await control(simulator, 'POST', '/twins/away/methods', { methodName: 'm' });
    assert.equal(away.status, 404);
    assert.equal(away.headers.get('iothub-errorcode'), 'DeviceNotOnline');

    const { wire } = await connectToHub(t, simulator, 'gw-1', key);
    await wire.subscribe(['$iothub/methods/POST/#', 0]);
    const call = control(simulator, 'POST', '/twins/gw-1/methods', {
      methodName: 'm',
      responseTimeoutInSeconds: 0.1,
    });
    assert.match((await wire.next('publish')).topic, /^\$iothub\/methods\/POST\/m\/\?\$rid=\w+$/);
    assert.equal((await call).status, 504);
  });

  it('take and bring back 128 KB, and no more', async (t) => {
    const { simulator, key } = await connectedDevice(t);
    const { wire } = await connectToHub(t, simulator, 'gw-1', key);
    await wire.subscribe(['$iothub/methods/POST/#', 0]);
    const jsonOf = (bytes: number): string => 'x'.repeat(bytes - 2);
    const invoke = (payload: string): ReturnType<typeof control> =>
      control(simulator, 'POST', '/twins/gw-1/methods', {
        methodName: 'm',
        payload,
        responseTimeoutInSeconds: 1,
      });
    const answer = async (bytes: number): Promise<void> => {
      const [, rid = ''] = (await wire.next('publish')).topic.split('=');
      wire.publish(`$iothub/methods/res/200/?$rid=${rid}`, JSON.stringify(jsonOf(bytes)));
    };
    assert.equal((await invoke(jsonOf(128 * 1024 + 1))).status, 413);
    const most = invoke(jsonOf(128 * 1024));
    await answer(128 * 1024);
    assert.equal((await most).status, 200);
    const tooMuch = invoke('');
    await answer(128 * 1024 + 1);
    await wire.closed;
    assert.equal((await tooMuch).status, 504);
  });
});
