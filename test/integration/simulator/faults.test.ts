import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import type { FaultInput } from '../../../src/simulator/faults.ts';
import type { Simulator } from '../../../src/simulator/simulator.ts';
import { control, deadline, register, simulatorFor } from './support.ts';
import { connectToDps, connectToHub, Wire } from './wire.ts';
import type { HubConnect } from './wire.ts';

const key = Buffer.alloc(32, 1).toString('base64');
const events = 'devices/gw-1/messages/events/';

async function simulatorWithDevices(t: TestContext): Promise<Simulator> {
  const simulator = await simulatorFor(t);
  const symmetricKey = { primaryKey: key, secondaryKey: key };
  for (const id of ['gw-1', 'gw-2']) {
    simulator.registry.enrollments.put(id, { attestation: { type: 'symmetricKey', symmetricKey } });
    simulator.registry.putDevice(id, { authentication: { symmetricKey } });
  }
  return simulator;
}

const hubCode = async (t: TestContext, simulator: Simulator, id: string): Promise<number | undefined> =>
  (await connectToHub(t, simulator, id, key)).connack.returnCode;

async function registerOnce(t: TestContext, simulator: Simulator): Promise<string> {
  const { wire } = await connectToDps(t, simulator, 'gw-1', key);
  await wire.subscribe(['$dps/registrations/res/#', 1]);
  wire.publish('$dps/registrations/PUT/iotdps-register/?$rid=1', '{"registrationId":"gw-1"}');
  return (await wire.next('publish')).topic;
}

const send = (wire: Wire, messageId: number): void => {
  wire.publish(events, `message ${messageId}`, { qos: 1, messageId });
};

describe('faults at CONNECT', () => {
  it('refuse one device so often and then no more, and leave others alone', async (t) => {
    const simulator = await simulatorWithDevices(t);
    simulator.faults.add({ kind: 'refuse-connect', service: 'hub', code: 3, device: 'gw-1', times: 2 });
    assert.equal(await hubCode(t, simulator, 'gw-2'), 0);
    assert.equal((await connectToDps(t, simulator, 'gw-1', key)).connack.returnCode, 0);
    assert.equal(await hubCode(t, simulator, 'gw-1'), 3);
    assert.equal(await hubCode(t, simulator, 'gw-1'), 3);
    assert.equal(await hubCode(t, simulator, 'gw-1'), 0);
    assert.deepEqual(simulator.faults.list(), []);
  });

  it('refuse at DPS until they are cleared', async (t) => {
    const simulator = await simulatorWithDevices(t);
    const { id } = simulator.faults.add({ kind: 'refuse-connect', service: 'dps', code: 5 });
    for (let round = 0; round < 3; round += 1) {
      assert.equal((await connectToDps(t, simulator, 'gw-1', key)).connack.returnCode, 5);
    }
    assert.equal(simulator.faults.list()[0]?.struck, 3);
    assert.equal(await simulator.faults.clear(id), 1);
    assert.equal((await connectToDps(t, simulator, 'gw-1', key)).connack.returnCode, 0);
  });

  it('close the listener until they are cleared, and leave open connections be', async (t) => {
    const simulator = await simulatorWithDevices(t);
    const { wire } = await connectToHub(t, simulator, 'gw-1', key);
    simulator.faults.add({ kind: 'refuse-tcp', how: 'closed' });
    const socket = connect(simulator.dps.port, '127.0.0.1');
    const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
    assert.equal(error.code, 'ECONNREFUSED');
    await wire.ping();
    await simulator.faults.clear();
    assert.equal(await hubCode(t, simulator, 'gw-2'), 0);
  });

  it('reset a connection that was accepted', async (t) => {
    const simulator = await simulatorWithDevices(t);
    simulator.faults.add({ kind: 'refuse-tcp', how: 'reset', times: 1 });
    const socket = connect(simulator.dps.port, '127.0.0.1');
    const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
    assert.equal(error.code, 'ECONNRESET');
    assert.equal(await hubCode(t, simulator, 'gw-1'), 0);
  });

  it('lose the session once', async (t) => {
    const simulator = await simulatorWithDevices(t);
    const present = async (): Promise<boolean> =>
      (await connectToHub(t, simulator, 'gw-1', key)).connack.sessionPresent;
    await present();
    simulator.faults.add({ kind: 'lose-session', times: 1 });
    assert.deepEqual([await present(), await present()], [false, true]);
  });
});

describe('faults at DPS', () => {
  for (const [status, retryAfter, topic] of [
    [401, undefined, '$dps/registrations/res/401/?$rid=1'],
    [404, undefined, '$dps/registrations/res/404/?$rid=1'],
    [429, undefined, '$dps/registrations/res/429/?$rid=1'],
    [429, 7, '$dps/registrations/res/429/?$rid=1&retry-after=7'],
    [500, undefined, '$dps/registrations/res/500/?$rid=1'],
  ] as const) {
    it(`answer ${status}${retryAfter === undefined ? '' : ` with retry-after ${retryAfter}`}`, async (t) => {
      const simulator = await simulatorWithDevices(t);
      simulator.faults.add({ kind: 'dps-error', status, retryAfter, times: 1 });
      assert.equal(await registerOnce(t, simulator), topic);
      assert.match(await registerOnce(t, simulator), /\/res\/202\//);
    });
  }

  it('are ridden out by the SDK: throttling, then a slow assignment', async (t) => {
    const simulator = await simulatorWithDevices(t);
    simulator.faults.add({ kind: 'dps-error', status: 429, retryAfter: 0, times: 2 });
    simulator.faults.add({ kind: 'dps-slow', ms: 200, times: 1 });
    const start = performance.now();
    assert.equal((await register(simulator, 'gw-1', key)).status, 'assigned');
    assert.ok(performance.now() - start >= 200);
  });

  it('never answer, to register or to poll only', async (t) => {
    const simulator = await simulatorWithDevices(t);
    simulator.faults.add({ kind: 'dps-no-answer', request: 'poll' });
    assert.match(await registerOnce(t, simulator), /\/res\/202\//);
    simulator.faults.add({ kind: 'dps-no-answer', request: 'register' });
    const { wire } = await connectToDps(t, simulator, 'gw-1', key);
    await wire.subscribe(['$dps/registrations/res/#', 1]);
    wire.publish('$dps/registrations/PUT/iotdps-register/?$rid=1', '{}', { qos: 1, messageId: 1 });
    await wire.next('puback');
    await wire.ping();
    assert.deepEqual(wire.pending, []);
  });
});

describe('faults on a connection', () => {
  const connected = async (
    t: TestContext,
    fault?: FaultInput,
    packet: HubConnect = {},
  ): Promise<{ simulator: Simulator; wire: Wire }> => {
    const simulator = await simulatorWithDevices(t);
    if (fault !== undefined) simulator.faults.add(fault);
    return { simulator, wire: (await connectToHub(t, simulator, 'gw-1', key, packet)).wire };
  };

  it('drop it after its n-th message, which is kept and not acknowledged', async (t) => {
    const { simulator, wire } = await connected(t, { kind: 'drop-after-messages', messages: 2, times: 1 });
    send(wire, 1);
    await wire.next('puback');
    send(wire, 2);
    await wire.closed;
    assert.deepEqual(wire.pending, []);
    assert.equal(simulator.messages.since().length, 2);
    const again = await connectToHub(t, simulator, 'gw-1', key);
    for (const messageId of [1, 2, 3]) send(again.wire, messageId);
    for (const messageId of [1, 2, 3]) assert.equal((await again.wire.next('puback')).messageId, messageId);
  });

  it('refuse a message by what its body contains, by ending the connection, and keep the others', async (t) => {
    const { simulator, wire } = await connected(t, { kind: 'refuse-message', contains: 'message 2' });
    send(wire, 1);
    await wire.next('puback');
    send(wire, 2);
    await wire.closed;
    assert.deepEqual(wire.pending, []);
    assert.equal(simulator.messages.since().length, 1);
    const again = await connectToHub(t, simulator, 'gw-1', key);
    send(again.wire, 3);
    assert.equal((await again.wire.next('puback')).messageId, 3);
  });

  it('drop every open connection, or one, now', async (t) => {
    const { simulator, wire } = await connected(t);
    const other = await connectToHub(t, simulator, 'gw-2', key);
    assert.equal(simulator.faults.add({ kind: 'drop-connections', device: 'gw-2' }).struck, 1);
    await other.wire.closed;
    await wire.ping();
    assert.equal(simulator.faults.add({ kind: 'drop-connections' }).struck, 1);
    await wire.closed;
    const ended = await simulator.connections.waitFor(
      ({ device, reason }) => device === 'gw-1' && reason !== undefined,
      deadline(),
    );
    assert.equal(ended.reason, 'fault: dropped');
    assert.deepEqual(simulator.faults.list(), []);
  });

  it('make an open one half-open: it stays, and nothing comes', async (t) => {
    const { simulator, wire } = await connected(t, undefined, { keepalive: 1 });
    simulator.faults.add({ kind: 'go-silent', device: 'gw-1', times: 1 });
    send(wire, 1);
    wire.send({ cmd: 'pingreq' });
    let closed = false;
    void wire.closed.then(() => (closed = true));
    // Well beyond the keep-alive, which is not enforced: another device's does end meanwhile.
    const other = await connectToHub(t, simulator, 'gw-2', key, { keepalive: 1 });
    await other.wire.closed;
    assert.equal(closed, false);
    assert.deepEqual(wire.pending, []);
    assert.deepEqual(simulator.messages.since(), []);
    assert.equal(await hubCode(t, simulator, 'gw-1'), 0);
    await wire.closed;
  });

  it('accept a new one and go silent, with CONNACK or without', async (t) => {
    const { wire, simulator } = await connected(t, { kind: 'go-silent', times: 1 });
    wire.send({ cmd: 'pingreq' });
    const second = await connectToHub(t, simulator, 'gw-2', key);
    await second.wire.ping();
    assert.deepEqual(wire.pending, []);
    simulator.faults.add({ kind: 'go-silent', connack: false, device: 'gw-1', times: 1 });
    const third = await Wire.open(t, simulator, simulator.dps.port);
    void third
      .connect({ clientId: 'gw-1', username: `${simulator.hubs[0]?.name ?? ''}/gw-1/` })
      .catch(() => undefined);
    while (simulator.faults.list().length > 0) await second.wire.ping();
    assert.deepEqual(third.pending, []);
  });

  it('swallow acknowledgements and keep the messages', async (t) => {
    const { simulator, wire } = await connected(t, { kind: 'swallow-pubacks', times: 2 });
    for (const messageId of [1, 2, 3]) send(wire, messageId);
    assert.equal((await wire.next('puback')).messageId, 3);
    assert.equal(simulator.messages.since().length, 3);
  });

  it('throttle: keep messages, and acknowledge them at their rate', async (t) => {
    const { simulator, wire } = await connected(t, { kind: 'throttle', messagesPerSecond: 10 });
    const start = performance.now();
    for (const messageId of [1, 2, 3]) send(wire, messageId);
    assert.equal((await wire.next('puback')).messageId, 1);
    assert.equal(simulator.messages.since().length, 3);
    for (const messageId of [2, 3]) assert.equal((await wire.next('puback')).messageId, messageId);
    assert.ok(performance.now() - start >= 290);
  });

  it('throttle: end the connection that sends into a full backlog', async (t) => {
    const fault = { kind: 'throttle', messagesPerSecond: 0.1, backlog: 2 } as const;
    const { simulator, wire } = await connected(t, fault);
    for (const messageId of [1, 2, 3]) send(wire, messageId);
    await wire.closed;
    const record = await simulator.connections.waitFor(({ reason }) => reason !== undefined, deadline());
    assert.match(record.reason ?? '', /429002/);
  });

  it('exceed the quota: end an open connection with its next message, which is not kept', async (t) => {
    const { simulator, wire } = await connected(t, { kind: 'quota-exceeded', times: 1, afterMs: 3_600_000 });
    // It has struck the connection itself, for an hour hence.
    simulator.faults.add({ kind: 'quota-exceeded' });
    send(wire, 1);
    await wire.closed;
    assert.equal(simulator.messages.since().length, 0);
  });

  it('exceed the quota: take a connection, and end it soon', async (t) => {
    const { wire, simulator } = await connected(t, { kind: 'quota-exceeded', afterMs: 20 });
    await wire.closed;
    const record = await simulator.connections.waitFor(({ reason }) => reason !== undefined, deadline());
    assert.match(record.reason ?? '', /403002/);
    assert.equal(record.refused, undefined);
  });

  it('delay every answer and keep their order', async (t) => {
    const { simulator, wire } = await connected(t);
    simulator.faults.add({ kind: 'delay', ms: 100, times: 2 });
    const start = performance.now();
    for (const messageId of [1, 2, 3]) send(wire, messageId);
    for (const messageId of [1, 2, 3]) assert.equal((await wire.next('puback')).messageId, messageId);
    assert.ok(performance.now() - start >= 195);
  });

  it('let the twin answer with a status and an error body', async (t) => {
    const { wire } = await connected(t, { kind: 'twin-error', operation: 'get', status: 429, times: 1 });
    await wire.subscribe(['$iothub/twin/res/#', 0]);
    wire.publish('$iothub/twin/PATCH/properties/reported/?$rid=1', '{}');
    assert.match((await wire.next('publish')).topic, /\/res\/204\//);
    wire.publish('$iothub/twin/GET/?$rid=2', '');
    const refused = await wire.next('publish');
    assert.equal(refused.topic, '$iothub/twin/res/429/?$rid=2');
    assert.equal((JSON.parse(refused.payload.toString()) as { errorCode: number }).errorCode, 429000);
    wire.publish('$iothub/twin/GET/?$rid=3', '');
    assert.match((await wire.next('publish')).topic, /\/res\/200\//);
  });
});

describe('faults over HTTP', () => {
  it('are set, listed and cleared', async (t) => {
    const simulator = await simulatorWithDevices(t);
    const added = await control(simulator, 'POST', '/simulator/faults', {
      kind: 'refuse-connect',
      code: 3,
      times: 4,
    });
    assert.equal(added.status, 201);
    const { id } = added.body as { id: string };
    assert.equal(await hubCode(t, simulator, 'gw-1'), 3);
    const { body } = await control(simulator, 'GET', '/simulator/faults');
    assert.deepEqual(body, [
      { id, fault: { kind: 'refuse-connect', code: 3, times: 4 }, struck: 1, left: 3 },
    ]);
    assert.equal((await control(simulator, 'DELETE', `/simulator/faults/${id}`)).status, 204);
    assert.equal((await control(simulator, 'DELETE', `/simulator/faults/${id}`)).status, 404);
  });

  it('are refused with a reason when they are none', async (t) => {
    const simulator = await simulatorWithDevices(t);
    for (const [fault, reason] of [
      [{ kind: 'explode' }, /kind: .*explode/],
      [{ kind: 'refuse-connect', code: 9 }, /code: .*9/],
      [{ kind: 'dps-slow', ms: 5, device: 'a', tmies: 1 }, /tmies/],
    ] as const) {
      const { status, body } = await control(simulator, 'POST', '/simulator/faults', fault);
      assert.equal(status, 400);
      assert.match((body as { message: string }).message, reason);
    }
    assert.deepEqual(simulator.faults.list(), []);
  });
});
