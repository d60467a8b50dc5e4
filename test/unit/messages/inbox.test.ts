import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import type { MessageContent } from '../../../src/messages/cloud-message.ts';
import { rememberedMessages } from '../../../src/messages/inbox-record.ts';
import { Inbox, inboxLimits } from '../../../src/messages/inbox.ts';
import type { InboxLimits, Waiting } from '../../../src/messages/inbox.ts';
import { RecordingLog } from '../../fakes/recording-log.ts';
import { temporaryDirectory } from '../../fakes/temporary-directory.ts';
import { someMessage } from './some-message.ts';

async function open(
  directory: string,
  { limits = {}, laneOf = () => 'lane', log = new RecordingLog() }: Options = {},
): Promise<Inbox> {
  const inbox = new Inbox(directory, log, { ...inboxLimits, ...limits });
  await inbox.load(laneOf);
  return inbox;
}

interface Options {
  readonly limits?: Partial<InboxLimits>;
  readonly laneOf?: (message: MessageContent) => string | undefined;
  readonly log?: RecordingLog;
}

function first(inbox: Inbox): Waiting {
  const [waiting] = inbox.waitingIn('lane');
  assert.ok(waiting !== undefined);
  return waiting;
}

async function files(t: TestContext): Promise<string> {
  return join(await temporaryDirectory(t), 'messages');
}

describe('the inbox', () => {
  it('has after a restart what it had before, byte for byte and in its order', async (t) => {
    const directory = await files(t);
    const message = someMessage({
      messageId: 'm-1',
      correlationId: 'c',
      userId: 'u',
      contentType: 'text/plain',
      contentEncoding: 'utf-8',
      expiresAtMs: 1234,
      properties: { ['__proto__']: 'x', ü: '' },
      body: Buffer.from([0, 255, 10]),
    });
    const before = await open(directory);
    await before.put(message, 'lane');
    for (let count = 2; count <= 12; count += 1) await before.put(someMessage(), 'lane');
    const after = await open(directory);
    assert.deepEqual(after.waitingIn('lane'), before.waitingIn('lane'));
    assert.deepEqual(await after.read(first(after)), message);
    await after.put(someMessage(), 'lane');
    assert.equal(after.last, 13);
  });

  it('knows a message that waits, and one that was handled, over a restart', async (t) => {
    const directory = await files(t);
    const message = someMessage({ messageId: 'm-1' });
    const before = await open(directory);
    assert.ok(!before.knows(message));
    await before.put(message, 'lane');
    assert.ok(before.knows(message));
    await before.finish(first(before));
    assert.ok((await open(directory)).knows(message));
    assert.ok(!before.knows(someMessage({ messageId: 'm-1', body: Buffer.from('another') })));
    assert.ok(!before.knows(someMessage({ messageId: 'm-1', properties: { a: 'b' } })));
    assert.ok(!before.knows(someMessage()));
  });

  it('remembers so many, and forgets the oldest first', async (t) => {
    const inbox = await open(await files(t));
    for (let count = 0; count <= rememberedMessages; count += 1) {
      await inbox.put(someMessage({ messageId: `m-${count}` }), 'lane');
      await inbox.finish(first(inbox));
    }
    assert.ok(!inbox.knows(someMessage({ messageId: 'm-0' })));
    assert.ok(inbox.knows(someMessage({ messageId: 'm-1' })));
  });

  it('does not take up again what was handled, though its file is still there', async (t) => {
    const directory = await files(t);
    const before = await open(directory);
    await before.put(someMessage({ messageId: 'm-1' }), 'lane');
    const file = await readFile(join(directory, '1.json'));
    await before.finish(first(before));
    await writeFile(join(directory, '1.json'), file);
    const after = await open(directory);
    assert.equal(after.waiting, 0);
    assert.deepEqual(await readdir(directory), ['record.json']);
  });

  it('counts risky attempts on the disk, before they are made', async (t) => {
    const directory = await files(t);
    const before = await open(directory);
    await before.put(someMessage(), 'lane');
    assert.equal(await before.attempt(first(before), true), 1);
    const after = await open(directory);
    assert.equal(await after.attempt(first(after), true), 2);
    after.forgetAttempt(first(after));
    assert.equal(await after.attempt(first(after), false), 2);
  });

  it('has room for so many a lane, and so many bytes', async (t) => {
    const inbox = await open(await files(t), { limits: { messagesPerLane: 2, bytes: 1000 } });
    await inbox.put(someMessage(), 'lane');
    await inbox.put(someMessage(), 'lane');
    assert.deepEqual([inbox.hasRoom('lane'), inbox.hasRoom('other')], [false, true]);
    await inbox.put(someMessage({ body: Buffer.alloc(1000) }), 'other');
    assert.ok(!inbox.hasRoom('third'));
    for (const each of inbox.waitingIn('other')) await inbox.finish(each);
    assert.ok(inbox.hasRoom('third'));
  });

  it('keeps the newest of those set aside', async (t) => {
    const directory = await files(t);
    const inbox = await open(directory, { limits: { setAside: 2 } });
    for (let count = 0; count < 3; count += 1) {
      await inbox.put(someMessage(), 'lane');
      await inbox.setAside(first(inbox));
    }
    assert.deepEqual((await readdir(join(directory, 'failed'))).toSorted(), ['2.json', '3.json']);
    assert.equal((await open(directory)).last, 3);
  });

  it('keeps so many of those set aside over restarts, too, and gives no number of theirs again', async (t) => {
    const directory = await files(t);
    const limits = { setAside: 2 };
    for (let run = 1; run <= 4; run += 1) {
      const inbox = await open(directory, { limits });
      await inbox.put(someMessage(), 'lane');
      await inbox.setAside(first(inbox));
      await rm(join(directory, 'record.json'));
    }
    assert.deepEqual((await readdir(join(directory, 'failed'))).sort(), ['3.json', '4.json']);
  });

  it('does not count an attempt that it could not note, and that was not made for it', async (t) => {
    const directory = await files(t);
    const inbox = await open(directory);
    await inbox.put(someMessage(), 'lane');
    const inTheWay = join(directory, '.record.json.new');
    await mkdir(inTheWay);
    await assert.rejects(inbox.attempt(first(inbox), true), /cannot note the attempt/);
    await rm(inTheWay, { recursive: true });
    assert.equal(await inbox.attempt(first(inbox), true), 1);
  });

  it('sets aside what it cannot read, says so, and goes on', async (t) => {
    const directory = await files(t);
    const before = await open(directory);
    await before.put(someMessage(), 'lane');
    await before.put(someMessage(), 'lane');
    await writeFile(join(directory, '1.json'), '{"torn');
    await writeFile(join(directory, 'record.json'), 'nonsense');
    const log = new RecordingLog();
    const after = await open(directory, { log });
    assert.deepEqual([after.waiting, after.damaged, log.messages('warn').length], [1, 1, 2]);
    assert.deepEqual((await readdir(directory)).toSorted(), [
      '1.json.damaged',
      '2.json',
      'record.json.damaged',
    ]);
  });

  it('lets go what no rule is for any more', async (t) => {
    const directory = await files(t);
    await (await open(directory)).put(someMessage(), 'lane');
    const log = new RecordingLog();
    const inbox = await open(directory, { laneOf: () => undefined, log });
    assert.deepEqual([inbox.waiting, log.messages('warn').length], [0, 1]);
  });

  it('writes nothing when there are no messages', async (t) => {
    const directory = await files(t);
    const inbox = await open(directory);
    assert.equal(inbox.waiting, 0);
    await assert.rejects(readdir(directory), { code: 'ENOENT' });
  });

  it('rejects what it cannot put on the disk, and has not taken it', async (t) => {
    const directory = await files(t);
    const inbox = await open(directory);
    // A file where the folder should be.
    await writeFile(directory, '');
    await assert.rejects(inbox.put(someMessage(), 'lane'));
    assert.equal(inbox.waiting, 0);
    await rm(directory);
    await inbox.put(someMessage(), 'lane');
    assert.equal(inbox.waiting, 1);
  });
});
