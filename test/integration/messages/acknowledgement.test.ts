import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { HubSession } from '../../../src/connection/hub-client.ts';
import type { CloudMessage } from '../../../src/messages/cloud-message.ts';
import { telemetryMessage } from '../../fakes/telemetry-message.ts';
import { WatchedLog } from '../../support/watched-log.ts';
import { messageDevice } from './message-device.ts';
import { MessageRig } from './message-rig.ts';

describe('the acknowledgement of a cloud-to-device message', () => {
  let rig: MessageRig;
  const never = new AbortController().signal;

  beforeEach(async () => {
    rig = await MessageRig.create();
  });

  afterEach(() => rig.scratch.clean());

  async function connect(): Promise<HubSession> {
    const device = await messageDevice(await rig.describe('[]'), new WatchedLog().log);
    const session = await device.connect(never);
    rig.scratch.defer(() => session.close());
    return session;
  }

  async function listen(session: HubSession): Promise<AsyncIterator<CloudMessage>> {
    return (await session.cloudToDevice(never))[Symbol.asyncIterator]();
  }

  async function next(messages: AsyncIterator<CloudMessage>): Promise<CloudMessage> {
    const result = await messages.next();
    assert.ok(result.done !== true, 'the session has ended');
    return result.value;
  }

  it('is given when the message is completed, not before, and holds nothing else up', async () => {
    const session = await connect();
    const messages = await listen(session);
    const ids = [rig.send({ body: 'one' }), rig.send({ body: 'two' }), rig.send({ body: 'three' })];
    const [one, two, three] = [await next(messages), await next(messages), await next(messages)];
    assert.deepEqual(
      [one, two, three].map(({ content }) => content.messageId),
      ids,
    );
    // Its acknowledgement comes after the three publishes, on the same connection.
    await session.send(telemetryMessage('t-1'));
    assert.equal(rig.waitingAtHub(), 3);
    two.complete();
    one.complete();
    await session.send(telemetryMessage('t-1'));
    assert.equal(rig.waitingAtHub(), 1);
    three.complete();
    await rig.untilTaken();
    await session.close();
  });

  it('missing, the message comes in the next session, even before anybody has subscribed', async () => {
    const first = await connect();
    const messages = await listen(first);
    rig.send({ body: 'again', messageId: 'm-1' });
    const lost = await next(messages);
    await first.close();
    lost.complete();

    const second = await connect();
    // By the time this is acknowledged the message has come, by the subscription of the first session.
    await second.send(telemetryMessage('t-1'));
    const again = await next(await listen(second));
    assert.equal(again.content.messageId, 'm-1');
    assert.equal(rig.waitingAtHub(), 1);
    again.complete();
    await rig.untilTaken();
  });
});
