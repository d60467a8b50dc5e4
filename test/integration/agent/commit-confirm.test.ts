import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Scratch } from '../../support/scratch.ts';
import { putKeyEnrollment, simulatorFor } from '../../support/simulator.ts';
import type { ConnectionRecord } from '../../../src/simulator/connection-log.ts';
import type { Twin } from '../../../src/simulator/twin.ts';
import { proxyFor } from '../../support/proxy.ts';
import { keepSecret } from '../../support/test-logs.ts';
import { unusedPort } from '../../support/unused-port.ts';
import { SteeredAgent } from '../../support/steered-agent.ts';
import type { Reported } from '../../support/steered-agent.ts';

describe('settings of the connection, tried and kept or taken back', { concurrency: true }, () => {
  it('a proxy that does not exist: back by itself, said in the twin, nothing lost', async (t) => {
    const agent = await SteeredAgent.start(t);
    keepSecret('never-seen');
    const proxy = `http://gateway:never-seen@127.0.0.1:${await unusedPort()}`;
    agent.desire({ settings: { confirmSeconds: 5 } });
    const version = agent.desire({ connection: { proxy } });
    const tried = await agent.untilAcknowledged('proxy', 202);
    assert.equal(tried.av, version);
    await agent.untilLogged('PROXY-UNREACHABLE');
    const reverted = await agent.untilAcknowledged('proxy', 500);
    assert.match(reverted.ad, /^reverted: not connected within 5s/);
    assert.equal(reverted.av, version);
    await agent.untilTelemetryIsWhole();
    assert.equal(agent.registrations, 1, 'DPS has not been asked for it');
    for (const told of [agent.reported, agent.log.lines])
      assert.doesNotMatch(JSON.stringify(told), /never-seen/);
  });

  it('what was taken back is not tried again: not by the next session, and not after a restart', async (t) => {
    const agent = await SteeredAgent.start(t);
    const proxy = `http://127.0.0.1:${await unusedPort()}`;
    agent.desire({ settings: { confirmSeconds: 5 }, connection: { proxy } });
    await agent.untilAcknowledged('proxy', 500);
    await agent.untilTelemetryIsWhole();
    const before = agent.sessions;
    agent.simulator.faults.add({ kind: 'drop-connections' });
    await agent.untilSessions(before + 1);
    await agent.restart();
    await agent.untilSessions(before + 2);
    await agent.untilTelemetryIsWhole();
    assert.equal((await agent.untilAcknowledged('proxy', 500)).ac, 500);
    assert.equal(agent.sessions, before + 2);
  });

  it('a proxy that exists: through it from now on, and after a restart', async (t) => {
    const agent = await SteeredAgent.start(t);
    const proxy = await proxyFor(agent.scratch);
    agent.desire({ connection: { proxy: `http://127.0.0.1:${proxy.port}` } });
    await agent.untilAcknowledged('proxy', 202);
    await agent.untilAcknowledged('proxy', 200);
    assert.equal(proxy.tunnels.length, 1);
    await agent.untilTelemetryIsWhole();
    await agent.restart();
    await agent.untilSessions(3);
    assert.equal(proxy.tunnels.length, 2);
    await agent.untilTelemetryIsWhole();
  });

  it('another transport and keep-alive, together: one new session with both', async (t) => {
    const agent = await SteeredAgent.start(t);
    agent.simulator.faults.add({ kind: 'refuse-mqtt' });
    agent.desire({ connection: { transport: 'mqtt_ws', keepAliveSeconds: 40 } });
    const applied = await agent.untilAcknowledged('transport', 200);
    assert.equal(applied.value, 'mqtt_ws');
    await agent.untilAcknowledged('keepAliveSeconds', 200);
    assert.equal(agent.sessions, 2);
    assert.equal(agent.lastSession?.keepAlive, 40);
    await agent.untilTelemetryIsWhole();
    assert.equal(agent.registrations, 1);
  });

  it('a transport that does not get through goes back, and then another one is tried', async (t) => {
    const agent = await SteeredAgent.start(t, { connection: 'transport: mqtt_ws' });
    agent.simulator.faults.add({ kind: 'refuse-mqtt' });
    agent.desire({ settings: { confirmSeconds: 5 }, connection: { transport: 'mqtt' } });
    await agent.untilAcknowledged('transport', 500);
    agent.desire({ connection: { transport: 'auto' } });
    assert.equal((await agent.untilAcknowledged('transport', 200)).value, 'auto');
    await agent.untilTelemetryIsWhole();
  });

  it('an endpoint where nobody answers: back at the hub of before, without DPS', async (t) => {
    const agent = await SteeredAgent.start(t);
    const endpoint = `127.0.0.1:${await unusedPort()}`;
    agent.desire({ settings: { confirmSeconds: 5 }, connection: { endpoint } });
    await agent.untilAcknowledged('endpoint', 202);
    await agent.untilLogged('NET-REFUSED');
    const reverted = await agent.untilAcknowledged('endpoint', 500);
    assert.match(reverted.ad, /^reverted: not connected within 5s/);
    await agent.untilTelemetryIsWhole();
    assert.equal(agent.registrations, 1);
  });

  it('an endpoint that knows the device: its hub is asked for and kept', async (t) => {
    const agent = await SteeredAgent.start(t);
    const { host, port } = agent.simulator.dps;
    assert.equal(host, 'localhost');
    agent.desire({ connection: { endpoint: `127.0.0.1:${port}` } });
    await agent.untilAcknowledged('endpoint', 200);
    assert.equal(agent.registrations, 2);
    await agent.untilTelemetryIsWhole();
    agent.desire({ connection: { endpoint: null } });
    await agent.untilSessions(3);
    await agent.untilTelemetryIsWhole();
    assert.equal(agent.registrations, 2, 'what the first one has said is still known');
  });

  it('an endpoint that sends the device to another hub: it stays there, though the twin there asks for nothing', async (t) => {
    const scratch = new Scratch();
    t.after(() => scratch.clean());
    const elsewhere = await simulatorFor(scratch);
    const { scopeId, caPem } = elsewhere;
    const agent = await SteeredAgent.start(t, { scopeId, trusted: caPem });
    putKeyEnrollment(elsewhere, 'gateway', agent.key);
    agent.desire({ connection: { endpoint: `localhost:${elsewhere.dps.port}` } });
    await elsewhere.messages.waitFor(() => true, AbortSignal.timeout(20_000));
    elsewhere.patchDesired('gateway', { connection: { keepAliveSeconds: 40 } });
    const isKept = ({ reported }: Twin): boolean =>
      (reported.properties as Reported).connection?.['keepAliveSeconds']?.ac === 200;
    await elsewhere.untilTwin('gateway', isKept, AbortSignal.timeout(20_000));
    await agent.restart();
    const sessions = (): ConnectionRecord[] =>
      elsewhere.connections.history().filter(({ service }) => service === 'hub');
    await elsewhere.connections.waitFor(() => sessions().length === 3, AbortSignal.timeout(20_000));
    assert.deepEqual(
      sessions().map(({ keepAlive }) => keepAlive),
      [25, 40, 40],
    );
    assert.equal(agent.sessions, 1, 'it has not come back');
  });

  it('a restart in the middle: the trial goes on, and is taken back', async (t) => {
    const agent = await SteeredAgent.start(t);
    const proxy = `http://127.0.0.1:${await unusedPort()}`;
    agent.desire({ settings: { confirmSeconds: 5 }, connection: { proxy } });
    await agent.untilAcknowledged('proxy', 202);
    await agent.untilLogged('PROXY-UNREACHABLE');
    await agent.restart();
    await agent.untilLogged('PROXY-UNREACHABLE');
    await agent.untilAcknowledged('proxy', 500);
    await agent.untilTelemetryIsWhole();
  });

  it('what is withdrawn before it has worked leaves what was confirmed before', async (t) => {
    const agent = await SteeredAgent.start(t);
    const proxy = `http://127.0.0.1:${await unusedPort()}`;
    agent.desire({ connection: { keepAliveSeconds: 60 } });
    await agent.untilAcknowledged('keepAliveSeconds', 200);
    agent.desire({ settings: { confirmSeconds: 5 }, connection: { proxy } });
    await agent.untilAcknowledged('proxy', 202);
    agent.desire({ connection: { proxy: null } });
    await agent.untilReported(({ connection }) => connection?.['proxy'] === undefined);
    await agent.untilTelemetryIsWhole();
    assert.equal(agent.lastSession?.keepAlive, 60, 'what was confirmed before is in force');
  });
});
