import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { Secret } from '../../../src/lib/secret.ts';
import type { Method } from '../../../src/methods/method.ts';
import { BareHub } from '../../support/bare-hub.ts';
import { Scratch } from '../../support/scratch.ts';
import { newKey } from '../../support/simulator.ts';
import { cloudOf, soon } from '../network/support.ts';
import type { Cloud } from '../network/support.ts';
import { answer, audit } from './rig.ts';

const ping: Method = { name: 'ping', handle: () => Promise.resolve({ status: 200, payload: { text: 'ä' } }) };
const hello: Method = { ...ping, name: 'hello {world}' };

/** What the SDK would fall over (azure-node-sdk.md 6): an exception that nobody catches ends this test's process. */
describe('malformed calls', () => {
  let scratch: Scratch;
  let hub: BareHub;
  let cloud: Cloud;

  beforeEach(async () => {
    scratch = new Scratch();
    hub = await BareHub.start(scratch);
    cloud = cloudOf(hub, {});
    const assignedHub = `localhost:${hub.port}`;
    const assignment = { assignedHub, deviceId: 'gateway', assignedAt: new Date().toISOString() };
    const key = new Secret(newKey());
    const credential = { method: 'symmetric_key', name: 'primary', registrationId: 'gateway', key } as const;
    const session = await cloud.hub.connect(assignment, credential, soon());
    scratch.defer(() => session.close());
    answer(scratch, session, cloud.log, [ping, hello]);
    await hub.untilSubscribed('$iothub/methods/POST/#');
  });

  afterEach(() => scratch.clean());

  /** Resolves once the session has answered a call that was sent after everything else. */
  async function isUp(): Promise<void> {
    hub.publish('$iothub/methods/POST/ping/?$rid=last', '');
    const { topic, payload } = await hub.untilReceived(({ topic: of }) => of.endsWith('$rid=last'));
    assert.equal(topic, '$iothub/methods/res/200/?$rid=last');
    assert.equal(payload.toString(), '{"text":"ä"}');
  }

  for (const [what, topic, payload, status] of [
    ['a body that is no JSON', '$iothub/methods/POST/ping/?$rid=1', '{"a":', 400],
    ['a body that is no UTF-8', '$iothub/methods/POST/ping/?$rid=1', Buffer.from([0xff, 0xfe, 0x00]), 400],
    ['a NUL', '$iothub/methods/POST/ping/?$rid=1', '\0', 400],
    ['a topic without a name', '$iothub/methods/POST/?$rid=1', '{}', 400],
    ['a topic with an empty name', '$iothub/methods/POST//?$rid=1', '{}', 400],
    ['a name with a space and braces', '$iothub/methods/POST/hello {world}/?$rid=1', '{}', 200],
    ['the same, encoded', '$iothub/methods/POST/hello%20%7Bworld%7D/?$rid=1', '{}', 200],
    ['a name that is no percent-encoding', '$iothub/methods/POST/%zz/?$rid=1', '{}', 404],
    ['a name with slashes', '$iothub/methods/POST/a/b/c/?$rid=1', '{}', 404],
    ['a name of all objects', '$iothub/methods/POST/__proto__/?$rid=1', '{}', 404],
    ['a name of 60 KB', `$iothub/methods/POST/${'x'.repeat(60_000)}/?$rid=1`, '{}', 404],
    ['arguments that are a number', '$iothub/methods/POST/ping/?$rid=1', '7', 400],
    ['arguments that nobody knows', '$iothub/methods/POST/ping/?$rid=1', '{"__proto__":{"x":1}}', 400],
    [
      'arguments nested a thousand deep',
      '$iothub/methods/POST/ping/?$rid=1',
      '['.repeat(1000) + ']'.repeat(1000),
      400,
    ],
  ] as const) {
    it(`with ${what} are answered with ${status}, and logged once`, async () => {
      const from = cloud.log.lines.length;
      hub.publish(topic, payload);
      const response = await hub.untilReceived(({ topic: of }) => of.endsWith('$rid=1'));
      assert.equal(response.topic, `$iothub/methods/res/${status}/?$rid=1`);
      await isUp();
      const said = cloud.log.lines
        .slice(from)
        .filter(({ level, requestId }) => level >= 30 && requestId === '1');
      assert.equal(said.length, 1, JSON.stringify(said));
    });
  }

  for (const [what, topic] of [
    ['no request ID', '$iothub/methods/POST/ping/'],
    ['an empty request ID', '$iothub/methods/POST/ping/?$rid='],
    ['nothing but the prefix', '$iothub/methods/POST/'],
    ['a query that is none', '$iothub/methods/POST/ping/?&&=&'],
  ] as const) {
    it(`with ${what} cannot be answered, and are logged once`, async () => {
      const from = cloud.log.lines.length;
      hub.publish(topic, '{}');
      await isUp();
      const said = cloud.log.lines.slice(from).filter(({ level }) => level >= 40);
      assert.equal(said.length, 1, JSON.stringify(said));
      assert.equal(hub.received.length, 1);
    });
  }

  it('on topics that are nobody’s are let go', async () => {
    for (const topic of ['$iothub/methods/res/200/?$rid=1', '$iothub/methods', '$iothub/', 'x', '/'])
      hub.publish(topic, 'x');
    await isUp();
  });

  it('that come twice are answered once', async () => {
    for (let times = 0; times < 3; times += 1) hub.publish('$iothub/methods/POST/ping/?$rid=7', '');
    await isUp();
    assert.deepEqual(
      hub.received.map(({ topic }) => topic),
      ['$iothub/methods/res/200/?$rid=7', '$iothub/methods/res/200/?$rid=last'],
    );
    assert.equal(audit(cloud.log).length, 2);
  });
});
