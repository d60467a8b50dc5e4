import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import common from 'azure-iot-common';
import type { AuthenticationProvider } from 'azure-iot-common';
import { Mqtt } from 'azure-iot-device-mqtt';
import fc from 'fast-check';
import { EventTopics } from '../../../src/azure/event-topic.ts';
import type { TelemetryMessage } from '../../../src/telemetry/message.ts';

const text = fc.string({ minLength: 1, maxLength: 20 });
const printable = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 });
const message: fc.Arbitrary<TelemetryMessage> = fc.record({
  body: fc.constant('{}'),
  messageId: text,
  sequence: fc.nat(),
  createdAtMs: fc.nat(2e12),
  contentType: text,
  contentEncoding: fc.option(text, { nil: undefined }),
  input: text,
  component: fc.option(text, { nil: undefined }),
  properties: fc.dictionary(
    text.filter((name) => !['Authorization', 'iothub-to', 'dt-subject'].includes(name)),
    printable,
  ),
  priority: fc.constant('normal'),
});

describe('the topic of a message', () => {
  it('is the one that the SDK makes, whichever went before', () => {
    const topics = new EventTopics('gateway-1');
    fc.assert(
      fc.property(message, message, (first, second) => {
        for (const each of [first, second, { ...second, messageId: first.messageId }, first])
          assert.equal(topics.of(each), topicOfSdk('gateway-1', each));
      }),
    );
  });

  it('says everything about a message', () => {
    const topic = new EventTopics('gateway-1').of({
      body: '{}',
      messageId: 'abc-7',
      sequence: 7,
      createdAtMs: Date.UTC(2026, 10, 22, 8),
      contentType: 'application/json',
      contentEncoding: 'utf-8',
      input: 'boiler',
      component: 'pump1',
      properties: { site: 'north & south' },
      priority: 'high',
    });
    assert.equal(
      topic,
      'devices/gateway-1/messages/events/%24.mid=abc-7&%24.ct=application%2Fjson&%24.ce=utf-8' +
        '&%24.ctime=2026-11-22T08%3A00%3A00.000Z&%24.sub=pump1&input=boiler&sequence=7&site=north%20%26%20south',
    );
  });
});

function topicOfSdk(deviceId: string, each: TelemetryMessage): string {
  const transport = new Mqtt({ on: () => undefined } as unknown as AuthenticationProvider);
  // What the SDK keeps to itself: it has no other way to be asked.
  const insides = transport as unknown as {
    _topicTelemetryPublish: string;
    _getEventTopicFromMessage(of: common.Message): string;
  };
  insides._topicTelemetryPublish = `devices/${deviceId}/messages/events/`;
  const sdkMessage = new common.Message(each.body);
  sdkMessage.messageId = each.messageId;
  sdkMessage.contentType = each.contentType as 'application/json';
  if (each.contentEncoding !== undefined) sdkMessage.contentEncoding = each.contentEncoding as 'utf-8';
  sdkMessage.properties.add('$.ctime', new Date(each.createdAtMs).toISOString());
  if (each.component !== undefined) sdkMessage.properties.add('$.sub', each.component);
  sdkMessage.properties.add('input', each.input);
  sdkMessage.properties.add('sequence', String(each.sequence));
  for (const [name, value] of Object.entries(each.properties)) sdkMessage.properties.add(name, value);
  return insides._getEventTopicFromMessage(sdkMessage);
}
