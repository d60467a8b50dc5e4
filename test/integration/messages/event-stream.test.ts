import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { SocketClient } from '../../support/socket-client.ts';
import { EventSource } from './event-source.ts';
import { MessageRig, until } from './message-rig.ts';
import type { RunningDevice } from './message-rig.ts';

const rules = '[{name: local, match: {property: {to: app}}, local_api: true}]';
const toApp = { to: 'app' };

describe('GET /v1/messages', () => {
  let rig: MessageRig;
  let device: RunningDevice;

  beforeEach(async () => {
    rig = await MessageRig.create();
    device = await rig.start(rules);
  });

  afterEach(() => rig.scratch.clean());

  async function open(query?: string, lastEventId?: string): Promise<EventSource> {
    const events = await EventSource.open(device.socketPath, query, lastEventId);
    rig.scratch.defer(() => {
      events.close();
      return events.ended;
    });
    return events;
  }

  async function post(path: string): Promise<number> {
    const client = new SocketClient(device.socketPath);
    const { status } = await client.post(path, '');
    client.close();
    return status;
  }

  it('sends what waits and what comes, each with all that is known of it', async () => {
    rig.send({ body: { set: 21 }, messageId: 'm-1', correlationId: 'c-1', properties: toApp });
    await rig.untilTaken();
    const events = await open();
    rig.send({ body: 'Grüße\n\u{1f44b}', contentType: 'text/plain', properties: toApp });
    rig.send({ body: Buffer.from([0xff, 0]), properties: { ...toApp, 'a"b': 'ü' } });
    const huge = '{"id": 12345678901234567890,\n "x": 1}';
    rig.send({ body: huge, contentType: 'application/json', ttlSeconds: 600, properties: toApp });
    await events.untilEvents(4);
    const [json, text, bytes, long] = events.events;
    assert.deepEqual(json, {
      id: '1',
      event: 'message',
      data: {
        id: 1,
        rule: 'local',
        messageId: 'm-1',
        correlationId: 'c-1',
        properties: toApp,
        body: { set: 21 },
      },
    });
    assert.equal(text?.data['bodyText'], 'Grüße\n\u{1f44b}');
    assert.equal(bytes?.data['bodyBase64'], '/wA=');
    assert.deepEqual(bytes.data['properties'], { ...toApp, 'a"b': 'ü' });
    assert.match(String(long?.data['expiresAt']), /^20\d\d-/);
    assert.equal(device.status.waiting, 4);
  });

  it('keeps a message until somebody says that it is done with', async () => {
    rig.send({ body: 'one', properties: toApp });
    const first = await open();
    await first.untilEvents(1);
    first.close();
    await first.ended;
    const second = await open();
    await second.untilEvents(1);
    assert.deepEqual(second.events, first.events);
    assert.equal(await post('/v1/messages/complete?id=1'), 200);
    assert.equal(await post('/v1/messages/complete?id=1'), 404);
    assert.equal(await post('/v1/messages/complete?id=one'), 400);
    assert.deepEqual([device.status.waiting, device.status.handled], [0, 1]);
  });

  it('goes on after the last event of whoever comes back, over a restart of the agent too', async () => {
    for (const body of ['one', 'two', 'three']) rig.send({ body, properties: toApp });
    const first = await open();
    await first.untilEvents(3);
    first.close();
    await device.stop();
    device = await rig.start(rules);
    const second = await open('', '2');
    await second.untilEvents(1);
    assert.deepEqual(
      second.events.map(({ id, data }) => [id, data['bodyText']]),
      [['3', 'three']],
    );
    await until(() => device.status.handled === 2);
    // Of an inbox that is another's: what nobody can have seen is not done with.
    const third = await open('', '999');
    await third.untilEvents(1);
    assert.equal(device.status.waiting, 1);
  });

  it('can take a message for done with once it is written', async () => {
    const events = await open('?complete=sent');
    rig.send({ body: 'one', properties: toApp });
    await events.untilEvents(1);
    await until(() => device.status.handled === 1);
    assert.equal(device.status.waiting, 0);
  });

  it('ends with the agent, at once', async () => {
    const events = await open();
    const begun = performance.now();
    await device.stop();
    await events.ended;
    assert.ok(performance.now() - begun < 1500, 'the stream held the agent up');
  });

  it('sends everything to everybody, but not to any number of them', async () => {
    const all = await Promise.all(Array.from({ length: 8 }, () => open()));
    await assert.rejects(open(), /429/);
    rig.send({ body: 'one', properties: toApp });
    await Promise.all(all.map((events) => events.untilEvents(1)));
    all[0]?.close();
    await until(() =>
      open().then(
        () => true,
        () => false,
      ),
    );
    await assert.rejects(open('?complete=yes'), /400/);
  });

  it('says how to have messages when no rule sends any there', async () => {
    await device.stop();
    device = await rig.start('[]');
    const client = new SocketClient(device.socketPath);
    const { status, body } = await client.get('/v1/messages');
    client.close();
    assert.equal(status, 404);
    assert.match(String(body['remedy']), /local_api: true/);
  });

  it('does not send what has expired', async () => {
    rig.send({ body: 'late', ttlSeconds: 1, properties: toApp });
    await rig.untilTaken();
    await new Promise((resolve) => setTimeout(resolve, 1100));
    rig.send({ body: 'fresh', properties: toApp });
    const events = await open();
    await events.untilEvents(1);
    assert.deepEqual(
      events.events.map(({ data }) => data['bodyText']),
      ['fresh'],
    );
    assert.equal(device.status.expired, 1);
  });
});
