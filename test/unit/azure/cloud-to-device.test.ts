import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Mailbox, mailboxMessages } from '../../../src/azure/cloud-to-device-mailbox.ts';
import { isCloudToDevice, readCloudMessage } from '../../../src/azure/cloud-to-device-topics.ts';
import type { CloudMessage } from '../../../src/messages/cloud-message.ts';

const prefix = 'devices/gw-1/messages/devicebound/';
const body = Buffer.from('body');

describe('the topic of a cloud-to-device message', () => {
  it('is told from others', () => {
    for (const topic of [prefix, `${prefix}%24.mid=1`, 'devices/gw-1/messages/devicebound'])
      assert.ok(isCloudToDevice(topic), topic);
    for (const topic of [
      'devices/gw-1/messages/deviceboundx',
      'devices/gw-1/messages/events/',
      `x/${prefix}`,
    ])
      assert.ok(!isCloudToDevice(topic), topic);
  });

  it('says everything about it', () => {
    const bag =
      '%24.mid=m%2F1&%24.cid=c%3D1&%24.uid=u&%24.ct=application%2fjson&%24.ce=utf-8&%24.exp=2026-01-01T00%3A00%3A00.0000000Z' +
      '&%24.to=%2Fdevices%2Fgw-1%2Fmessages%2FdeviceBound&iothub-ack=full&method-name=re%20boot&%C3%BC=%F0%9F%91%8B';
    assert.deepEqual(readCloudMessage(prefix + bag, body), {
      messageId: 'm/1',
      correlationId: 'c=1',
      userId: 'u',
      contentType: 'application/json',
      contentEncoding: 'utf-8',
      expiresAtMs: Date.parse('2026-01-01T00:00:00Z'),
      properties: { 'method-name': 're boot', ü: '\u{1f44b}' },
      body,
    });
  });

  it('may be anything', () => {
    const propertiesOf = (bag: string): unknown => readCloudMessage(prefix + bag, body).properties;
    assert.deepEqual(propertiesOf('%=1&%E0%A4=2&a&=b&&c=d=e'), {
      '%': '1',
      '%E0%A4': '2',
      a: '',
      '': 'b',
      c: 'd=e',
    });
    assert.deepEqual(propertiesOf('?a=1/'), { a: '1' });
    assert.deepEqual(propertiesOf('a=1&a=2'), { a: '2' });
    assert.deepEqual(Object.entries(propertiesOf('__proto__=x&constructor=y') as object), [
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ]);
    assert.deepEqual(readCloudMessage(prefix, body), { properties: {}, body });
    assert.deepEqual(readCloudMessage(`${prefix}%24.exp=soon&%24.mid=`, body), { properties: {}, body });
  });
});

describe('the mailbox', () => {
  const message = (messageId: string): CloudMessage => ({
    content: { messageId, properties: {}, body },
    complete: () => undefined,
  });

  it('keeps what comes before anybody listens, in its order', async () => {
    const mailbox = new Mailbox();
    const stopping = new AbortController();
    mailbox.push(message('1'));
    const seen: (string | undefined)[] = [];
    for await (const { content } of mailbox.listen(stopping.signal)) {
      seen.push(content.messageId);
      if (content.messageId === '1') queueMicrotask(() => mailbox.push(message('2')));
      else stopping.abort();
    }
    assert.deepEqual(seen, ['1', '2']);
  });

  it('takes so many and no more', () => {
    const mailbox = new Mailbox();
    for (let count = 0; count < mailboxMessages; count += 1) assert.ok(mailbox.push(message('x')));
    assert.ok(!mailbox.push(message('y')));
  });
});
