import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { connect } from 'node:tls';
import type { TestContext } from 'node:test';
import type { IConnackPacket } from 'mqtt-packet';
import type { Simulator, SimulatorOptions } from '../../../src/simulator/simulator.ts';
import { deadline, simulatorFor } from './support.ts';
import { connectToHub, inAnHour, sasToken, Wire } from './wire.ts';
import type { HubConnect } from './wire.ts';

const events = 'devices/gw-1/messages/events/';

interface Device {
  readonly simulator: Simulator;
  readonly key: string;
  readonly wire: Wire;
  readonly connack: IConnackPacket;
}

async function device(
  t: TestContext,
  packet: HubConnect = {},
  options: Partial<SimulatorOptions> = {},
): Promise<Device> {
  const simulator = await simulatorFor(t, options);
  const { identity } = simulator.registry.putDevice('gw-1', {});
  const key = identity.authentication.type === 'sas' ? identity.authentication.symmetricKey.primaryKey : '';
  return { simulator, key, ...(await connectToHub(t, simulator, 'gw-1', key, packet)) };
}

const endOf = (simulator: Simulator): Promise<string | undefined> =>
  simulator.connections
    .waitFor(({ endedAt }) => endedAt !== undefined, deadline())
    .then(({ reason }) => reason);

describe('what ends a connection to the hub', () => {
  for (const [what, topic, extra, reason] of [
    ['QoS 2', events, { qos: 2, messageId: 1 }, /QoS 2/],
    ["another device's topic", 'devices/gw-2/messages/events/', {}, /not a topic of this device/],
    ['a topic that does not exist', 'telemetry', {}, /not a topic of this device/],
  ] as const) {
    it(what, async (t) => {
      const { simulator, wire } = await device(t);
      wire.publish(topic, 'x', extra);
      await wire.closed;
      assert.match((await endOf(simulator)) ?? '', reason);
      assert.deepEqual(simulator.messages.since(), []);
    });
  }

  it('a message of more than 256 KB, properties counted; one of exactly that passes', async (t) => {
    const { simulator, wire } = await device(t);
    const bag = `${events}%24.mid=12&site=3456`;
    const room = 256 * 1024 - 2 - 8;
    wire.publish(bag, Buffer.alloc(room), { qos: 1, messageId: 1 });
    assert.equal((await wire.next('puback')).messageId, 1);
    wire.publish(bag, Buffer.alloc(room + 1), { qos: 1, messageId: 2 });
    await wire.closed;
    assert.match((await endOf(simulator)) ?? '', /larger than 262144 bytes/);
    assert.equal(simulator.messages.since().length, 1);
  });

  it('a packet without end', async (t) => {
    const { simulator, wire } = await device(t);
    wire.sendBytes(Buffer.concat([Buffer.from([0x30, 0xff, 0xff, 0xff, 0x7f]), Buffer.alloc(600 * 1024)]));
    await wire.closed;
    assert.match((await endOf(simulator)) ?? '', /too large/);
  });

  it('bytes that are no MQTT', async (t) => {
    const { simulator, wire } = await device(t);
    wire.sendBytes(Buffer.from([0xf7, 0x00]));
    await wire.closed;
    assert.match((await endOf(simulator)) ?? '', /malformed packet/);
  });

  for (const [what, bytes] of [
    ['a request to subscribe that ends before its packet ID', [0x82, 0x00]],
    ['a request to subscribe to nothing', [0x82, 0x02, 0x00, 0x01]],
    ['a request to unsubscribe that ends before its packet ID', [0xa2, 0x00]],
    ['an acknowledgement without a packet ID', [0x40, 0x00]],
    ['a message to be acknowledged that ends before its packet ID', [0x32, 0x03, 0x00, 0x01, 0x61]],
    ['a message to be acknowledged whose packet ID is 0', [0x32, 0x05, 0x00, 0x01, 0x61, 0x00, 0x00]],
  ] as const) {
    it(what, async (t) => {
      const { simulator, wire } = await device(t);
      wire.sendBytes(Uint8Array.from(bytes));
      await wire.closed;
      assert.match((await endOf(simulator)) ?? '', /malformed packet/);
    });
  }

  it('silence for one and a half times the keep-alive', async (t) => {
    const { simulator, wire } = await device(t, { keepalive: 1 });
    const start = performance.now();
    await wire.closed;
    const elapsed = performance.now() - start;
    assert.match((await endOf(simulator)) ?? '', /keep-alive/);
    assert.ok(elapsed > 1300 && elapsed < 2500, `ended after ${elapsed} ms`);
  });

  it('a newer connection of the same device, which stays', async (t) => {
    const { simulator, key, wire } = await device(t);
    const newer = await connectToHub(t, simulator, 'gw-1', key);
    await wire.closed;
    assert.match((await endOf(simulator)) ?? '', /replaced by a newer connection/);
    await newer.wire.ping();
    assert.equal(simulator.connections.current().length, 1);
  });

  it('the expiry of its token', async (t) => {
    const expiry = Math.floor(Date.now() / 1000) + 2;
    const { simulator, wire, connack } = await device(t, { expiry }, { sasGraceSeconds: 0 });
    assert.equal(connack.returnCode, 0);
    await wire.closed;
    assert.ok(Date.now() >= expiry * 1000);
    assert.match((await endOf(simulator)) ?? '', /token has expired/);
  });

  for (const [what, revoke] of [
    ['disabling', (simulator: Simulator) => simulator.registry.putDevice('gw-1', { status: 'disabled' })],
    [
      'deleting',
      (simulator: Simulator) => {
        simulator.registry.deleteDevice('gw-1');
      },
    ],
  ] as const) {
    it(`${what} the device, which is then refused with 5`, async (t) => {
      const { simulator, key, wire } = await device(t);
      revoke(simulator);
      await wire.closed;
      assert.equal((await connectToHub(t, simulator, 'gw-1', key)).connack.returnCode, 5);
    });
  }
});

describe('who is let in', () => {
  it('TLS 1.2 and 1.3, not 1.1', async (t) => {
    const simulator = await simulatorFor(t);
    const { port } = simulator.dps;
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const socket = connect({ port, ca: simulator.caPem, minVersion: version, maxVersion: version });
      await once(socket, 'secureConnect');
      assert.equal(socket.getProtocol(), version);
      assert.equal(socket.authorized, true);
      socket.destroy();
    }
    // Security level 0: OpenSSL would not even offer 1.1 otherwise.
    const ciphers = 'DEFAULT@SECLEVEL=0';
    const old = connect({ port, ca: simulator.caPem, ciphers, minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1' });
    const [error] = (await once(old, 'error')) as [NodeJS.ErrnoException];
    assert.equal(error.code, 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION');
  });

  it('not with a wrong key, an expired token, or a token for another device', async (t) => {
    const { simulator, key } = await device(t);
    const name = simulator.hubs[0]?.name ?? '';
    const wrong = await connectToHub(t, simulator, 'gw-1', Buffer.alloc(32).toString('base64'));
    assert.equal(wrong.connack.returnCode, 5);
    const late = await connectToHub(t, simulator, 'gw-1', key, {
      expiry: Math.floor(Date.now() / 1000) - 60,
    });
    assert.equal(late.connack.returnCode, 5);
    const wire = await Wire.open(t, simulator, simulator.dps.port);
    const foreign = await wire.connect({
      clientId: 'gw-1',
      username: `${name}/gw-1/?api-version=2021-04-12`,
      password: Buffer.from(sasToken(`${name}/devices/gw-10`, key, inAnHour())),
    });
    assert.equal(foreign.returnCode, 5);
    const reasons = simulator.connections
      .history()
      .flatMap(({ refused, reason }) => (refused ? [reason] : []));
    assert.deepEqual(reasons, ['wrong signature', 'expired', 'wrong resource']);
  });

  it('within the grace, also with a token that has just expired', async (t) => {
    const { connack } = await device(
      t,
      { expiry: Math.floor(Date.now() / 1000) - 5 },
      { sasGraceSeconds: 60 },
    );
    assert.equal(connack.returnCode, 0);
  });

  it('not with MQTT 5, which gets code 1', async (t) => {
    const simulator = await simulatorFor(t);
    const wire = await Wire.open(t, simulator, simulator.dps.port);
    wire.send({ cmd: 'connect', protocolId: 'MQTT', protocolVersion: 5, clientId: 'gw-1', keepalive: 60 });
    assert.equal((await wire.next('connack')).returnCode, 1);
    await wire.closed;
  });

  it('every form of user name that real clients send', async (t) => {
    const { simulator, key } = await device(t);
    const { name, port } = simulator.hubs[0] ?? { name: '', port: 0 };
    for (const username of [
      `${name}/gw-1/?api-version=2020-09-30&DeviceClientType=py%2Fazure&model-id=dtmi%3Acom%3Ax%3B1`,
      `${name}/gw-1/?api-version=2021-04-12&model-id=dtmi:com:x;1&DeviceClientType=node`,
      `${name.toUpperCase()}/gw-1/?DeviceClientType=c&api-version=2019-10-01`,
      `127.0.0.1:${port}/gw-1/?api-version=2021-04-12`,
    ]) {
      const { connack } = await connectToHub(t, simulator, 'gw-1', key, { username });
      assert.equal(connack.returnCode, 0, username);
    }
    assert.equal(simulator.registry.getDevice('gw-1').modelId, 'dtmi:com:x;1');
  });
});

describe('what a hub makes of messages', () => {
  it('keeps RETAIN as a property and reads encoded names', async (t) => {
    const { simulator, wire } = await device(t);
    wire.publish(`${events}sp%20ace=%c3%bc&%24.mid=m%2f1&empty=&null&%24.ct=application%2Fjson`, '{"a":1}', {
      retain: true,
    });
    await wire.ping();
    const [message] = simulator.messages.since();
    assert.ok(message);
    assert.deepEqual(message.applicationProperties, {
      'sp ace': 'ü',
      empty: '',
      null: null,
      'mqtt-retain': 'true',
    });
    assert.equal(message.systemProperties['message-id'], 'm/1');
    assert.deepEqual(message.body, { a: 1 });
  });

  it('publishes the will when the device goes without a word, and not when it says goodbye', async (t) => {
    const will = { topic: `${events}a=b`, payload: Buffer.from('gone'), qos: 1, retain: false } as const;
    const { simulator, key, wire } = await device(t, { will });
    wire.send({ cmd: 'disconnect' });
    await wire.closed;
    const second = await connectToHub(t, simulator, 'gw-1', key, { will });
    second.wire.destroy();
    const message = await simulator.messages.waitFor(() => true, deadline());
    assert.equal(message.sequence, 1);
    assert.deepEqual(message.applicationProperties, { a: 'b', 'iothub-MessageType': 'Will' });
    assert.equal(message.bodyBase64, Buffer.from('gone').toString('base64'));
    assert.equal(simulator.messages.since().length, 1);
  });

  it('grants QoS 1 at most and refuses filters it does not serve', async (t) => {
    const { wire } = await device(t);
    const granted = await wire.subscribe(
      ['$iothub/twin/res/#', 0],
      ['$iothub/methods/POST/#', 1],
      ['devices/gw-1/messages/devicebound/#', 2],
      ['devices/gw-2/messages/devicebound/#', 1],
      ['#', 0],
    );
    assert.deepEqual(granted, [0, 1, 1, 0x80, 0x80]);
  });
});

describe('JSON nested deeper than anything could follow', () => {
  const deep = '['.repeat(100_000) + ']'.repeat(100_000);

  it('is none: a report of it is refused, and a message of it is kept as bytes', async (t) => {
    const { simulator, wire } = await device(t);
    await wire.subscribe(['$iothub/twin/res/#', 0]);
    wire.publish('$iothub/twin/PATCH/properties/reported/?$rid=1', `{"a":${deep}}`);
    assert.match((await wire.next('publish')).topic, /^\$iothub\/twin\/res\/400\//);
    wire.publish(`${events}%24.ct=application%2Fjson`, deep);
    await wire.ping();
    assert.equal(simulator.messages.since()[0]?.bodyBase64, Buffer.from(deep).toString('base64'));
  });

  it('is none as the body of a request to the control API', async (t) => {
    const simulator = await simulatorFor(t);
    simulator.registry.putDevice('gw-1', {});
    const body = `{"properties":{"desired":{"a":${deep}}}}`;
    const response = await fetch(`${simulator.controlUrl}/twins/gw-1`, {
      method: 'PATCH',
      ...{ body, signal: deadline() },
    });
    assert.equal(response.status, 400);
  });
});
