import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { CloudError } from '../../../src/cloud-error.ts';
import { SystemClock } from '../../../src/lib/clock.ts';
import type { CloudMessage, MessageContent } from '../../../src/messages/cloud-message.ts';
import { noMessages } from '../../../src/messages/counts.ts';
import type { MessageCounts } from '../../../src/messages/counts.ts';
import { Expiry } from '../../../src/messages/expiry.ts';
import { Inbox, inboxLimits } from '../../../src/messages/inbox.ts';
import { Receiver } from '../../../src/messages/receiver.ts';
import type { MessageSession } from '../../../src/messages/receiver.ts';
import { settle } from '../../fakes/fake-clock.ts';
import { RecordingLog } from '../../fakes/recording-log.ts';
import { temporaryDirectory } from '../../fakes/temporary-directory.ts';
import { someMessage } from './some-message.ts';

describe('the receiver', () => {
  let counts: MessageCounts;
  let log: RecordingLog;
  let completed: (string | undefined)[];

  beforeEach(() => {
    counts = noMessages();
    log = new RecordingLog();
    completed = [];
  });

  function delivery(content: MessageContent): CloudMessage {
    return { content, complete: () => completed.push(content.messageId) };
  }

  function receiver(
    session: MessageSession,
    inbox: Inbox,
    makeRoom = (): Promise<void> => Promise.resolve(),
  ): Receiver {
    return new Receiver(session, {
      inbox,
      laneOf: ({ messageId }) => (messageId?.startsWith('x') === true ? undefined : 'lane'),
      makeRoom,
      expiry: new Expiry(new SystemClock(), () => true),
      counts,
      told: new Set(),
      log,
    });
  }

  /** Delivers these, and no more. */
  async function receive(
    inbox: Inbox,
    contents: readonly MessageContent[],
    makeRoom?: () => Promise<void>,
  ): Promise<void> {
    const stopping = new AbortController();
    let drained: () => void = () => undefined;
    const done = new Promise<void>((resolve) => (drained = resolve));
    async function* messages(): AsyncGenerator<CloudMessage> {
      for (const content of contents) yield delivery(content);
      drained();
      await settle();
    }
    const session = { cloudToDevice: () => Promise.resolve(messages()) };
    const running = receiver(session, inbox, makeRoom).run(stopping.signal);
    await done;
    stopping.abort();
    await running;
  }

  async function inboxFor(t: TestContext, messagesPerLane = 50): Promise<Inbox> {
    const directory = join(await temporaryDirectory(t), 'messages');
    return new Inbox(directory, log, { ...inboxLimits, messagesPerLane });
  }

  it('completes a message when it is on the disk', async (t) => {
    const inbox = await inboxFor(t);
    await receive(inbox, [someMessage({ messageId: 'a' })]);
    assert.deepEqual([completed, inbox.waiting, counts.received], [['a'], 1, 1]);
  });

  it('leaves with the hub what cannot be put on the disk', async (t) => {
    const directory = join(await temporaryDirectory(t), 'messages');
    await writeFile(directory, 'a file where the folder should be');
    await receive(new Inbox(directory, log), [
      someMessage({ messageId: 'a' }),
      someMessage({ messageId: 'b' }),
    ]);
    assert.deepEqual([completed, counts.leftWithHub, log.messages('warn').length], [[], 2, 1]);
  });

  it('leaves with the hub what there is no room for, once room could not be made', async (t) => {
    const inbox = await inboxFor(t, 1);
    const contents = ['a', 'b', 'c'].map((messageId) => someMessage({ messageId }));
    let asked = 0;
    await receive(inbox, contents, async () => {
      asked += 1;
      const [oldest] = inbox.waitingIn('lane');
      if (asked === 2 && oldest !== undefined) await inbox.finish(oldest);
    });
    assert.deepEqual([completed, counts.leftWithHub], [['a', 'c'], 1]);
  });

  it('completes, and does not keep, what came before, has expired, or is for nobody', async (t) => {
    const inbox = await inboxFor(t);
    await receive(inbox, [
      someMessage({ messageId: 'a' }),
      someMessage({ messageId: 'a' }),
      someMessage({ messageId: 'old', expiresAtMs: 1 }),
      someMessage({ messageId: 'x1', properties: { p: '1' } }),
      someMessage({ messageId: 'x2', properties: { p: '2' } }),
      someMessage({ messageId: 'x3', properties: { q: '1' } }),
    ]);
    assert.deepEqual(completed, ['a', 'a', 'old', 'x1', 'x2', 'x3']);
    assert.equal(inbox.waiting, 1);
    assert.deepEqual([counts.duplicates, counts.expired, counts.unmatched], [1, 1, 3]);
    assert.equal(log.messages('warn').length, 2);
  });

  it('lets the session go on when the hub refuses the subscription', async (t) => {
    const session = {
      cloudToDevice: () => Promise.reject(new CloudError('HUB-MESSAGES', 'subscribe')),
    };
    const stopping = new AbortController();
    const running = receiver(session, await inboxFor(t)).run(stopping.signal);
    await settle();
    assert.match(log.messages('warn').join(), /goes on without cloud-to-device messages/);
    stopping.abort();
    await running;
  });

  it('ends the session on anything else', async (t) => {
    const session = { cloudToDevice: () => Promise.reject(new Error('a bug')) };
    await assert.rejects(receiver(session, await inboxFor(t)).run(new AbortController().signal), /a bug/);
  });
});
