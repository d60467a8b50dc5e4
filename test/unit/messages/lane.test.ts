import assert from 'node:assert/strict';
import { join } from 'node:path';
import { beforeEach, describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { SystemClock } from '../../../src/lib/clock.ts';
import type { MessageContent } from '../../../src/messages/cloud-message.ts';
import { noMessages } from '../../../src/messages/counts.ts';
import type { MessageCounts } from '../../../src/messages/counts.ts';
import { Expiry } from '../../../src/messages/expiry.ts';
import { Hopeless, NotNow } from '../../../src/messages/handler.ts';
import type { Afterwards } from '../../../src/messages/handler.ts';
import { Inbox } from '../../../src/messages/inbox.ts';
import { Lane } from '../../../src/messages/lane.ts';
import { RecordingLog } from '../../fakes/recording-log.ts';
import { temporaryDirectory } from '../../fakes/temporary-directory.ts';
import { someMessage } from './some-message.ts';

type Handle = (message: MessageContent, signal: AbortSignal) => Promise<Afterwards | undefined>;

describe('a lane', () => {
  let counts: MessageCounts;
  let log: RecordingLog;

  beforeEach(() => {
    counts = noMessages();
    log = new RecordingLog();
  });

  async function inboxIn(directory: string): Promise<Inbox> {
    const inbox = new Inbox(directory, log);
    await inbox.load(() => 'lane');
    return inbox;
  }

  /** Runs until the inbox is empty, or the signal is aborted. */
  async function workOff(
    inbox: Inbox,
    handle: Handle,
    signal = new AbortController().signal,
    trustsClock = true,
  ): Promise<void> {
    const clock = new SystemClock();
    const lane = new Lane({
      name: 'lane',
      inbox,
      handler: { isRisky: true, handle },
      attempts: 3,
      retry: { initialMs: 1, maximumMs: 2 },
      expiry: new Expiry(clock, () => trustsClock),
      counts,
      clock,
      random: () => 0,
      log,
    });
    const stopping = new AbortController();
    const either = AbortSignal.any([signal, stopping.signal]);
    const running = lane.run(either);
    await inbox.changed.until(() => inbox.waiting === 0, either);
    stopping.abort();
    await running;
  }

  async function filled(t: TestContext, ...messages: readonly MessageContent[]): Promise<Inbox> {
    const inbox = await inboxIn(join(await temporaryDirectory(t), 'messages'));
    for (const message of messages) await inbox.put(message, 'lane');
    return inbox;
  }

  it('handles one message after the other', async (t) => {
    const inbox = await filled(t, someMessage({ messageId: 'a' }), someMessage({ messageId: 'b' }));
    const seen: unknown[] = [];
    await workOff(inbox, async ({ messageId }) => {
      seen.push(`begin ${messageId ?? ''}`);
      await Promise.resolve();
      seen.push(`end ${messageId ?? ''}`);
      return undefined;
    });
    assert.deepEqual(seen, ['begin a', 'end a', 'begin b', 'end b']);
    assert.equal(counts.handled, 2);
  });

  it('does what must come afterwards when the message is noted as handled', async (t) => {
    const message = someMessage({ messageId: 'a' });
    const inbox = await filled(t, message);
    let noted: unknown;
    await workOff(inbox, () => Promise.resolve(() => void (noted = [inbox.waiting, inbox.knows(message)])));
    assert.deepEqual(noted, [0, true]);
  });

  it('does not handle a message again because of what came afterwards', async (t) => {
    const inbox = await filled(t, someMessage());
    await workOff(inbox, () => Promise.resolve(() => Promise.reject(new Error('no restart'))));
    assert.deepEqual([counts.handled, counts.failed], [1, 0]);
    assert.deepEqual(log.messages('warn'), ['cannot do what message 1 asked for: no restart']);
  });

  it('tries again, and sets the message aside after so many attempts; the first is said aloud', async (t) => {
    const inbox = await filled(t, someMessage({ body: Buffer.from('very secret') }));
    let attempts = 0;
    await workOff(inbox, () => Promise.reject(new Error(`attempt ${(attempts += 1)}`)));
    assert.deepEqual([attempts, counts.failed, counts.handled], [3, 1, 0]);
    assert.deepEqual(log.messages('warn'), [
      'cannot handle message 1 by lane yet: attempt 1',
      'cannot handle message 1 by lane, set aside: attempt 3',
    ]);
    assert.ok(!JSON.stringify(log.lines).includes('very secret'));
  });

  it('does not try what is hopeless again', async (t) => {
    const inbox = await filled(t, someMessage());
    let attempts = 0;
    await workOff(inbox, () => {
      attempts += 1;
      return Promise.reject(new Hopeless('never'));
    });
    assert.deepEqual([attempts, counts.failed], [1, 1]);
  });

  it('does not hold against the message what is not its fault', async (t) => {
    const inbox = await filled(t, someMessage());
    let attempts = 0;
    await workOff(inbox, () => {
      attempts += 1;
      return attempts < 10 ? Promise.reject(new NotNow('not yet')) : Promise.resolve(undefined);
    });
    assert.deepEqual([attempts, counts.failed, counts.handled], [10, 0, 1]);
  });

  it('gives up a message that the agent did not survive', async (t) => {
    const inbox = await filled(t, someMessage());
    const [message] = inbox.waitingIn('lane');
    assert.ok(message !== undefined);
    for (let crash = 1; crash <= 3; crash += 1) await inbox.attempt(message, true);
    await workOff(inbox, () => Promise.reject(new Error('it must not be tried')));
    assert.match(
      log.messages('warn').join(),
      /set aside: the agent did not live to see the end of 3 attempts/,
    );
  });

  for (const [which, before] of [
    ['first', 0],
    ['last', 2],
  ] as const)
    it(`leaves a message that was being handled when it stops for the next run, at the ${which} attempt`, async (t) => {
      const inbox = await filled(t, someMessage());
      const [message] = inbox.waitingIn('lane');
      assert.ok(message !== undefined);
      for (let attempt = 1; attempt <= before; attempt += 1) await inbox.attempt(message, true);
      const stopping = new AbortController();
      await workOff(
        inbox,
        (_, signal) => {
          stopping.abort(new Error('stop'));
          return Promise.reject(signal.reason as Error);
        },
        stopping.signal,
      );
      assert.deepEqual([inbox.waiting, counts.failed], [1, 0]);
    });

  it('drops what has expired, unless the clock is in doubt', async (t) => {
    const old = someMessage({ expiresAtMs: 1 });
    await workOff(await filled(t, old), () => Promise.reject(new Error('it must not be tried')));
    assert.deepEqual([counts.expired, counts.handled], [1, 0]);
    const never = new AbortController().signal;
    await workOff(await filled(t, old), () => Promise.resolve(undefined), never, false);
    assert.deepEqual([counts.expired, counts.handled], [1, 1]);
  });
});
