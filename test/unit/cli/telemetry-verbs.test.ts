import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { painter } from '../../../src/cli/colour.ts';
import { messageEnvelope, pairs, sentText, valuesOf } from '../../../src/cli/send-telemetry.ts';
import type { SendOutcome } from '../../../src/cli/send-telemetry.ts';
import { eventText } from '../../../src/cli/tail-telemetry.ts';
import { UsageError } from '../../../src/cli/usage.ts';

describe('what is to be sent, from the command line', () => {
  it('takes numbers, truths and JSON for what they are, and the rest for text', () => {
    assert.deepEqual(
      valuesOf(['temperature=21.5', 'open=true', 'door=front', 'at={"x":1}', 'code=007', 'equation=a=b']),
      {
        temperature: 21.5,
        open: true,
        door: 'front',
        at: { x: 1 },
        code: '007',
        equation: 'a=b',
      },
    );
  });

  it('refuses what has no name', () => {
    for (const word of ['21.5', '=21.5', ''])
      assert.throws(
        () => pairs('as a value', [word]),
        new UsageError(`cannot use as a value "${word}": write NAME=VALUE`),
      );
  });

  const envelope = (content: string | Buffer, file: string, contentType?: string): unknown =>
    JSON.parse(messageEnvelope(content, { file, contentType, properties: {} }));

  it('makes a message of any file, and tells its type by the name, or else by its looks', () => {
    assert.deepEqual(envelope('{"a":1}', 'a.json'), {
      bodyText: '{"a":1}',
      contentType: 'application/json',
      properties: {},
    });
    assert.deepEqual(envelope(Buffer.from([255, 0]), '-'), {
      bodyBase64: '/wA=',
      contentType: 'application/octet-stream',
      properties: {},
    });
    assert.deepEqual(envelope('plain', '-', 'text/markdown'), {
      bodyText: 'plain',
      contentType: 'text/markdown',
      properties: {},
    });
    assert.deepEqual(envelope('[1]', '-'), {
      bodyText: '[1]',
      contentType: 'application/json',
      properties: {},
    });
  });

  const said = (outcome: Partial<SendOutcome>): string =>
    sentText({ isGood: true, kind: 'telemetry', status: 202, ...outcome });

  it('says what became of it', () => {
    assert.equal(
      said({ accepted: 1, stored: 'disk' }),
      '1 reading taken in: safe on the disk until the hub has it\n',
    );
    assert.equal(
      said({ accepted: 3, stored: 'hub', kind: 'messages' }),
      '3 messages taken in: the hub has it\n',
    );
    assert.equal(
      said({ accepted: 1, refused: 2, stored: 'disk', error: 'cannot take 2 of 3: the queue is full' }),
      '1 reading taken in: safe on the disk until the hub has it\ncannot take 2 of 3: the queue is full\n',
    );
    assert.equal(
      said({ error: 'cannot take telemetry: no input of type socket is configured', remedy: 'add these' }),
      'cannot take telemetry: no input of type socket is configured\nadd these\n',
    );
  });
});

describe('what is being sent, for people', () => {
  const plain = painter({ isTTY: false }, {});
  const at = '2026-11-22T12:00:01.250Z';

  it('is a line for each message with its body under it, and one when the hub has it', () => {
    const sent = {
      event: 'sent',
      at,
      sequence: 17,
      messageId: 'm-17',
      input: 'room',
      priority: 'high',
      bytes: 201,
      contentType: 'application/json',
      contentEncoding: 'gzip',
      component: 'press',
      properties: { site: 'north' },
      body: { temperature: 21.5 },
    };
    assert.equal(
      eventText(sent, plain),
      '12:00:01.250 #17 room: 201 bytes, priority high, application/json, gzip, component press, site=north, ID m-17\n' +
        '             {"temperature":21.5}\n',
    );
    assert.equal(
      eventText({ event: 'acknowledged', at, sequence: 17, tookMs: 42 }, plain),
      '12:00:01.250 #17 acknowledged after 42 ms\n',
    );
    assert.match(eventText({ event: 'unacknowledged', at, sequence: 17 }, plain), /#17 not acknowledged/);
    assert.equal(
      eventText({ event: 'omitted', at, events: 5 }, plain),
      '12:00:01.250 5 events left out: they are read too slowly\n',
    );
  });

  it('cannot do anything to a terminal', () => {
    const text = eventText({ event: 'sent', at, sequence: 1, bodyText: '\u001b[2Jhello\r\n' }, plain);
    assert.ok(text.endsWith('"\\u001b[2Jhello\\r\\n"\n'));
  });
});
