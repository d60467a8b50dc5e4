import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { CloudError } from '../../../src/cloud-error.ts';
import type { HubSession } from '../../../src/connection/hub-client.ts';
import type { Credential } from '../../../src/provisioning/credential.ts';
import type { Assignment } from '../../../src/provisioning/dps-client.ts';
import type { ConnectionRecord } from '../../../src/simulator/connection-log.ts';
import type { Simulator } from '../../../src/simulator/simulator.ts';
import { telemetryMessage } from '../../fakes/telemetry-message.ts';
import { proxyFor } from '../../support/proxy.ts';
import { Scratch } from '../../support/scratch.ts';
import { simulatorFor } from '../../support/simulator.ts';
import { unusedPort } from '../../support/unused-port.ts';
import { cloudOf, enroll, register, soon } from './support.ts';
import type { Cloud, Steered } from './support.ts';

describe('a way to the cloud that changes meanwhile', () => {
  let scratch: Scratch;
  let simulator: Simulator;
  let steered: Steered;
  let reads: number;
  let cloud: Cloud;
  let credential: Credential;
  let assignment: Assignment;

  beforeEach(async () => {
    scratch = new Scratch();
    simulator = await simulatorFor(scratch);
    steered = { transport: 'mqtt' };
    reads = 0;
    cloud = cloudOf(simulator, {}, () => {
      reads += 1;
      return steered;
    });
    credential = await enroll(simulator, 'symmetric_key');
    assignment = await register(cloud, simulator, credential);
  });

  afterEach(() => scratch.clean());

  async function connect(): Promise<HubSession> {
    const session = await cloud.hub.connect(assignment, credential, soon());
    scratch.defer(() => session.close());
    return session;
  }

  function lastConnection(): ConnectionRecord | undefined {
    return simulator.connections.history().at(-1);
  }

  it('is the new one for the next session, and the one before keeps its own', async () => {
    const session = await connect();
    simulator.faults.add({ kind: 'refuse-mqtt' });
    steered = { transport: 'mqtt_ws', keepAliveMs: 90_000 };
    await session.send(telemetryMessage('m-1'));
    assert.equal(lastConnection()?.keepAlive, 25);
    await session.close();
    await connect();
    assert.equal(lastConnection()?.keepAlive, 90);
  });

  it('is through the proxy of the moment', async () => {
    const proxy = await proxyFor(scratch);
    await (await connect()).close();
    assert.deepEqual(proxy.tunnels, []);
    steered = { proxy: { host: '127.0.0.1', port: proxy.port }, routeId: 'by proxy' };
    await (await connect()).close();
    assert.equal(proxy.tunnels.length, 1);
    steered = { proxy: { host: '127.0.0.1', port: await unusedPort() }, routeId: 'by nobody' };
    await assert.rejects(connect(), (error) => (error as CloudError).code === 'PROXY-UNREACHABLE');
    steered = {};
    await (await connect()).close();
    assert.equal(proxy.tunnels.length, 1);
  });

  it('is to DPS as to the hub', async () => {
    const proxy = await proxyFor(scratch);
    steered = { proxy: { host: '127.0.0.1', port: proxy.port } };
    await register(cloud, simulator, credential);
    assert.equal(proxy.tunnels.length, 1);
  });

  it('is the same throughout one attempt, by whatever transports that goes', async () => {
    steered = { transport: 'auto' };
    simulator.faults.add({ kind: 'refuse-mqtt' });
    reads = 0;
    await connect();
    assert.equal(reads, 1);
  });

  it('is found out anew by another route: plain MQTT comes first again', async () => {
    const { id } = simulator.faults.add({ kind: 'refuse-mqtt' });
    const struck = (): number => simulator.faults.list().find((each) => each.id === id)?.struck ?? 0;
    steered = { transport: 'auto', routeId: 'one' };
    await (await connect()).close();
    await (await connect()).close();
    assert.equal(struck(), 1, 'remembered');
    steered = { transport: 'auto', routeId: 'two' };
    await (await connect()).close();
    assert.equal(struck(), 2);
  });
});
