import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { SystemClock } from '../../../src/lib/clock.ts';
import { seededRandom } from '../../../src/lib/seeded-random.ts';
import { quietLog } from '../../../src/simulator/quiet-log.ts';
import { openSimulatedCloud } from '../../../src/soak/simulated-cloud.ts';
import type { SimulatedCloud } from '../../../src/soak/simulated-cloud.ts';
import { register, temporaryDirectory, whenOver } from '../simulator/support.ts';
import { connectToHub } from '../simulator/wire.ts';

const key = Buffer.alloc(32, 1).toString('base64');
const never = new AbortController().signal;

describe('the cloud of a soak', () => {
  it('is back at the same addresses after a restart, and those who listen miss nothing', async (t) => {
    const cloud = await cloudFor(t);
    const { hubs, dps } = cloud.simulator;
    const heard: string[] = [];
    const connections = new Map<number, string | undefined>();
    cloud.onMessage(({ body }) => heard.push(JSON.stringify(body)));
    cloud.onConnection(({ id, service, reason }) => {
      if (service === 'hub') connections.set(id, reason);
    });
    await say(t, cloud, 'before');
    await cloud.restart(10, never);
    assert.deepEqual([cloud.simulator.hubs, cloud.simulator.dps], [hubs, dps]);
    await say(t, cloud, 'after');
    assert.deepEqual(heard, ['"before"', '"after"']);
    assert.deepEqual([...connections.values()], ['the simulator has stopped', undefined]);
  });

  it('tells a listener nothing more once it is no longer wanted', async (t) => {
    const cloud = await cloudFor(t);
    const heard: string[] = [];
    const stop = cloud.onMessage(({ device }) => heard.push(device));
    stop();
    await say(t, cloud, 'unheard');
    assert.deepEqual(heard, []);
  });

  it('is back at once when the soak stops, and waits for nobody when it is closed', async (t) => {
    const cloud = await cloudFor(t);
    const stopping = new AbortController();
    const restarted = cloud.restart(600_000, stopping.signal);
    stopping.abort();
    await restarted;
    await say(t, cloud, 'back');
    const interrupted = cloud.restart(600_000, never);
    await cloud.close();
    await interrupted;
  });
});

async function cloudFor(t: TestContext): Promise<SimulatedCloud> {
  const cloud = await openSimulatedCloud({
    dataDirectory: await temporaryDirectory(t),
    hubs: 2,
    retryAfterSeconds: 0,
    clock: new SystemClock(),
    random: seededRandom(process.pid),
    log: quietLog,
  });
  whenOver(t, () => cloud.close());
  const symmetricKey = { primaryKey: key, secondaryKey: key };
  cloud.simulator.registry.enrollments.put('gw-1', { attestation: { type: 'symmetricKey', symmetricKey } });
  await register(cloud.simulator, 'gw-1', key);
  return cloud;
}

/** A message of the device's, acknowledged. */
async function say(t: TestContext, { simulator }: SimulatedCloud, text: string): Promise<void> {
  const hub = simulator.hubs.findIndex(({ name }) => simulator.registry.hubOf('gw-1').name === name);
  const { wire } = await connectToHub(t, simulator, 'gw-1', key, { hub });
  wire.publish('devices/gw-1/messages/events/%24.ct=application%2Fjson', JSON.stringify(text));
  await wire.ping();
}
