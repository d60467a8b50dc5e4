import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import type { DeviceMessage } from '../../../src/simulator/message.ts';
import type { Simulator } from '../../../src/simulator/simulator.ts';
import { control, deadline, simulatorFor } from './support.ts';
import { connectToHub } from './wire.ts';

const key = Buffer.alloc(32, 1).toString('base64');
const authentication = { type: 'sas', symmetricKey: { primaryKey: key, secondaryKey: key } };

describe('the control API on the paths of the services', () => {
  it('creates, shows, updates and deletes an enrollment, and takes back what it gave', async (t) => {
    const simulator = await simulatorFor(t);
    const created = await control(simulator, 'PUT', '/enrollments/gw-1?api-version=2021-10-01', {
      registrationId: 'gw-1',
      attestation: { type: 'symmetricKey' },
    });
    assert.equal(created.status, 200);
    const { attestation } = created.body as { attestation: { symmetricKey: { primaryKey: string } } };
    assert.equal(Buffer.from(attestation.symmetricKey.primaryKey, 'base64').length, 64);
    const shown = await control(simulator, 'GET', '/ENROLLMENTS/GW-1');
    assert.deepEqual(shown.body, created.body);
    const updated = await control(simulator, 'PUT', '/enrollments/gw-1', {
      ...(shown.body as object),
      provisioningStatus: 'disabled',
    });
    assert.equal(updated.status, 200);
    assert.equal(simulator.registry.enrollments.get('gw-1').provisioningStatus, 'disabled');
    assert.deepEqual(simulator.registry.enrollments.get('gw-1').attestation, attestation);
    const stale = { 'if-match': (created.body as { etag: string }).etag };
    assert.equal((await control(simulator, 'DELETE', '/enrollments/gw-1', undefined, stale)).status, 412);
    assert.equal((await control(simulator, 'DELETE', '/enrollments/gw-1')).status, 204);
    assert.equal((await control(simulator, 'GET', '/enrollments/gw-1')).status, 404);
  });

  it('says what is wrong with an enrollment', async (t) => {
    const simulator = await simulatorFor(t);
    for (const [path, body, reason] of [
      ['/enrollments/gw-1', { attestation: { type: 'tpm' } }, /attestation\.type/],
      [
        '/enrollments/gw-1',
        { attestation: { type: 'symmetricKey' }, alocationPolicy: 'static' },
        /alocationPolicy/,
      ],
      [
        '/enrollments/gw-1',
        { attestation: { type: 'symmetricKey', symmetricKey: { primaryKey: 'AAAA' } } },
        /16 to 64 bytes/,
      ],
      [
        '/enrollments/gw-1',
        { registrationId: 'gw-2', attestation: { type: 'symmetricKey' } },
        /under the address of gw-1/,
      ],
      [
        '/enrollments/gw-1',
        { attestation: { type: 'symmetricKey' }, deviceId: 'press 7' },
        /must be a device ID/,
      ],
      [
        '/enrollments/gw-1',
        {
          attestation: { type: 'symmetricKey' },
          initialTwin: { tags: { a: 'x'.repeat(4000), b: 'x'.repeat(4000), c: 'x'.repeat(4000) } },
        },
        /tags of 12003 bytes/,
      ],
      ['/enrollmentGroups/line%20', { attestation: { type: 'symmetricKey' } }, /as an ID/],
      [
        '/enrollmentGroups/line',
        { attestation: { type: 'x509', x509: { signingCertificates: { primary: { certificate: 'no' } } } } },
        /neither PEM nor base64 DER/,
      ],
      ['/enrollments/gw-1', undefined, /must be a JSON object/],
    ] as const) {
      const { status, body: error } = await control(simulator, 'PUT', path, body);
      assert.equal(status, 400);
      assert.match((error as { message: string }).message, reason);
    }
  });

  it('creates a device once, updates it with If-Match and shows whether it is connected', async (t) => {
    const simulator = await simulatorFor(t);
    assert.equal((await control(simulator, 'PUT', '/devices/gw-1', { authentication })).status, 200);
    const again = await control(simulator, 'PUT', '/devices/gw-1', { authentication });
    assert.equal(again.status, 409);
    assert.equal(again.headers.get('iothub-errorcode'), 'DeviceAlreadyExists');
    assert.match((again.body as { Message: string }).Message, /^ErrorCode:DeviceAlreadyExists;/);
    await connectToHub(t, simulator, 'gw-1', key);
    const shown = (await control(simulator, 'GET', '/devices/gw-1')).body as { connectionState: string };
    assert.equal(shown.connectionState, 'Connected');
    const update = { ...shown, status: 'disabled' };
    assert.equal(
      (await control(simulator, 'PUT', '/devices/gw-1', update, { 'if-match': '"*"' })).status,
      200,
    );
    await simulator.connections.waitFor(
      ({ reason }) => reason === 'the device has been disabled',
      deadline(),
    );
    assert.equal((await control(simulator, 'DELETE', '/devices/gw-1')).status, 204);
    assert.equal((await control(simulator, 'GET', '/devices/gw-1')).status, 404);
  });

  it('acts on the hub that is named, or else on the one that holds the device', async (t) => {
    const simulator = await simulatorFor(t, { hubs: 2 });
    const second = simulator.hubs[1]?.name ?? '';
    assert.equal((await control(simulator, 'PUT', `/devices/gw-1?hub=${second}`, {})).status, 200);
    assert.deepEqual(
      simulator.registry.hubs.map(({ store }) => store.size),
      [0, 1],
    );
    assert.equal((await control(simulator, 'GET', '/twins/gw-1')).status, 200);
    assert.equal(
      (await control(simulator, 'GET', `/twins/gw-1?hub=${simulator.hubs[0]?.name ?? ''}`)).status,
      404,
    );
    assert.equal((await control(simulator, 'GET', '/twins/gw-1?hub=elsewhere')).status, 404);
    const { body } = await control(simulator, 'GET', '/simulator/hubs');
    assert.deepEqual(
      (body as { hubs: { devices: number }[] }).hubs.map(({ devices }) => devices),
      [0, 1],
    );
  });

  it('changes a twin under its etag and gives it in the form of the service', async (t) => {
    const simulator = await simulatorFor(t);
    simulator.registry.putDevice('gw-1', {});
    const first = (await control(simulator, 'GET', '/twins/gw-1')).body as { etag: string };
    assert.equal(first.etag, 'AAAAAAAAAAE=');
    const ifMatch = { 'if-match': `"${first.etag}"` };
    const patch = { tags: { site: 'north' }, properties: { desired: { mode: 'fast' } } };
    const changed = await control(simulator, 'PATCH', '/twins/gw-1', patch, ifMatch);
    const twin = changed.body as {
      tags: object;
      properties: { desired: { $version: number; $metadata: object } };
    };
    assert.deepEqual(twin.tags, { site: 'north' });
    assert.equal(twin.properties.desired.$version, 2);
    assert.equal((await control(simulator, 'PATCH', '/twins/gw-1', patch, ifMatch)).status, 412);
    // A whole twin, as tools send it back.
    assert.equal((await control(simulator, 'PUT', '/twins/gw-1', twin)).status, 200);
    assert.equal((await control(simulator, 'PATCH', '/twins/gw-1', { tags: 7 })).status, 400);
  });

  it('shows a path that does not exist, a method that is not served and a body that is no JSON', async (t) => {
    const simulator = await simulatorFor(t);
    assert.equal((await control(simulator, 'GET', '/nothing')).status, 404);
    const wrong = await control(simulator, 'POST', '/enrollments/gw-1');
    assert.equal(wrong.status, 405);
    assert.equal(wrong.headers.get('allow'), 'GET, PUT, DELETE');
    const response = await fetch(`${simulator.controlUrl}/enrollments/gw-1`, { method: 'PUT', body: '{' });
    assert.equal(response.status, 400);
  });

  it('answers 400 to an address that is none, and goes on', async (t) => {
    const simulator = await simulatorFor(t);
    for (const path of ['//', 'http://[']) {
      const asked = request(simulator.controlUrl, { path, signal: deadline() }).end();
      const [response] = (await once(asked, 'response')) as [IncomingMessage];
      assert.equal(response.statusCode, 400, path);
      assert.match(await text(response), /cannot read the address/);
    }
    assert.equal((await control(simulator, 'GET', '/simulator/hubs')).status, 200);
  });
});

describe('the messages', () => {
  async function simulatorWithMessages(
    t: Parameters<typeof simulatorFor>[0],
    count: number,
    options: object = {},
  ): Promise<Simulator> {
    const simulator = await simulatorFor(t, options);
    simulator.registry.putDevice('gw-1', { authentication: { symmetricKey: authentication.symmetricKey } });
    const { wire } = await connectToHub(t, simulator, 'gw-1', key);
    for (let n = 1; n <= count; n += 1) {
      wire.publish(
        'devices/gw-1/messages/events/%24.ct=application%2Fjson%3Bcharset%3Dutf-8&site=a',
        `{"n":${n}}`,
      );
    }
    await wire.ping();
    return simulator;
  }

  it('come as lines of JSON, from a sequence number on', async (t) => {
    const simulator = await simulatorWithMessages(t, 3);
    const response = await fetch(`${simulator.controlUrl}/simulator/messages?since=1`);
    assert.equal(response.headers.get('content-type'), 'application/x-ndjson');
    const lines = (await response.text()).trimEnd().split('\n');
    const messages = lines.map((line) => JSON.parse(line) as DeviceMessage);
    assert.deepEqual(
      messages.map(({ sequence, body }) => [sequence, body]),
      [
        [2, { n: 2 }],
        [3, { n: 3 }],
      ],
    );
    const [message] = messages;
    assert.ok(message);
    assert.equal(message.hub, simulator.hubs[0]?.name);
    assert.equal(message.device, 'gw-1');
    assert.deepEqual(message.applicationProperties, { site: 'a' });
    assert.equal((await fetch(`${simulator.controlUrl}/simulator/messages?since=x`)).status, 400);
  });

  it('come as server-sent events: those there, then those to come', async (t) => {
    const simulator = await simulatorWithMessages(t, 1);
    const stop = new AbortController();
    const response = await fetch(`${simulator.controlUrl}/simulator/messages`, {
      headers: { accept: 'text/event-stream' },
      signal: AbortSignal.any([stop.signal, deadline()]),
    });
    const reader = (response.body ?? new ReadableStream<Uint8Array>()).getReader();
    const next = async (): Promise<string> => Buffer.from((await reader.read()).value ?? []).toString();
    assert.match(await next(), /^id: 1\ndata: \{"sequence":1,.*\}\n\n$/);
    const { wire } = await connectToHub(t, simulator, 'gw-1', key);
    wire.publish('devices/gw-1/messages/events/', 'raw');
    assert.match(await next(), /^id: 2\ndata: .*"bodyBase64":"cmF3".*\n\n$/);
    stop.abort();
  });

  it('are bounded, and what was dropped is counted', async (t) => {
    const simulator = await simulatorWithMessages(t, 5, { maxMessages: 2 });
    const response = await fetch(`${simulator.controlUrl}/simulator/messages`);
    assert.equal(response.headers.get('x-dropped'), '3');
    assert.equal((await response.text()).trimEnd().split('\n').length, 2);
  });
});

it('the connections say who came when and why it went', async (t) => {
  const simulator = await simulatorFor(t);
  simulator.registry.putDevice('gw-1', { authentication: { symmetricKey: authentication.symmetricKey } });
  const { wire } = await connectToHub(t, simulator, 'gw-1', key, { keepalive: 17 });
  wire.send({ cmd: 'disconnect' });
  await wire.closed;
  await simulator.connections.waitFor(({ reason }) => reason !== undefined, deadline());
  const { body } = await control(simulator, 'GET', '/simulator/connections');
  const { current, history, dropped } = body as {
    current: unknown[];
    history: Record<string, unknown>[];
    dropped: number;
  };
  assert.deepEqual([current, history.length, dropped], [[], 1, 0]);
  const [record] = history;
  assert.ok(record);
  assert.equal(record['device'], 'gw-1');
  assert.equal(record['keepAlive'], 17);
  assert.equal(record['reason'], 'the client disconnected');
});
