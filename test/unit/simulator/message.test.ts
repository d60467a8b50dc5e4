import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { queueMessage } from '../../../src/simulator/cloud-to-device.ts';
import { readMessage } from '../../../src/simulator/message.ts';
import { decodePropertyBag } from '../../../src/simulator/property-bag.ts';

const stamp = {
  hub: 'localhost:1',
  deviceId: 'gw-1',
  generationId: 'g',
  authentication: 'sas',
  modelId: 'dtmi:x;1',
  enqueuedTime: 't',
} as const;
const read = (bag: string, body: string): ReturnType<typeof readMessage> =>
  readMessage({ bag, body: Buffer.from(body), retain: false, isWill: false }, stamp);

describe('a message from a device', () => {
  it('carries what the hub stamps on it', () => {
    assert.deepEqual(read('', '').systemProperties, {
      'iothub-connection-device-id': 'gw-1',
      'iothub-connection-auth-generation-id': 'g',
      'iothub-connection-auth-method': '{"scope":"device","type":"sas","issuer":"iothub"}',
      'iothub-enqueuedtime': 't',
      'iothub-message-source': 'Telemetry',
      'dt-dataschema': 'dtmi:x;1',
    });
  });

  it('has a JSON body only when it says so and it is', () => {
    const json = '%24.ct=application%2Fjson%3B%20charset%3Dutf-8';
    assert.deepEqual(read(json, '{"a":[1]}').body, { a: [1] });
    assert.deepEqual(read('$.ct=application/vnd.x%2Bjson', 'null').body, null);
    assert.equal(read(json, '{').bodyBase64, 'ew==');
    assert.equal(read('', '{}').bodyBase64, 'e30=');
    assert.equal(read('$.ct=application/jsonx', '{}').bodyBase64, 'e30=');
  });

  it('counts body and properties', () => {
    assert.equal(read('%24.mid=12&site=345', 'body').bytes, 4 + 2 + 7);
  });
});

describe('a message to a device', () => {
  const queued = (message: Parameters<typeof queueMessage>[1]) => queueMessage('gw-1', message, 1000);

  it('has the properties clients look for', () => {
    const { bag, expiresAtMs } = queued({
      messageId: 'm',
      ttlSeconds: 60,
      ack: 'full',
      properties: { a: null },
    });
    assert.deepEqual(decodePropertyBag(bag), [
      ['$.to', '/devices/gw-1/messages/devicebound'],
      ['$.mid', 'm'],
      ['$.exp', '1970-01-01T00:01:01.000Z'],
      ['iothub-ack', 'full'],
      ['a', null],
    ]);
    assert.equal(expiresAtMs, 61_000);
  });

  it('is text or bytes as they are, anything else as JSON, and nothing as nothing', () => {
    const body = (value: Parameters<typeof queueMessage>[1]['body']): string =>
      Buffer.from(queued({ body: value }).bodyBase64, 'base64').toString();
    assert.deepEqual(
      [body('text'), body(Buffer.from('b')), body({ a: 1 }), body(null), body(undefined)],
      ['text', 'b', '{"a":1}', 'null', ''],
    );
  });

  it('has properties that a topic can hold, or is refused', () => {
    queued({ properties: { a: 'x'.repeat(60_000) } });
    assert.throws(() => queued({ properties: { a: '/'.repeat(22_000) } }), { code: 413001 });
  });

  it('lives an hour unless told, and never more than two days', () => {
    assert.equal(queued({}).expiresAtMs, 1000 + 3_600_000);
    assert.equal(queued({ ttlSeconds: 1e9 }).expiresAtMs, 1000 + 172_800_000);
  });
});
