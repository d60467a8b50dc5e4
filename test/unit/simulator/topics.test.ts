import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseDpsTopic, parseHubFilter, parseHubTopic } from '../../../src/simulator/topics.ts';
import { parseUserName } from '../../../src/simulator/user-name.ts';

describe('topics of DPS', () => {
  it('are register and poll', () => {
    assert.deepEqual(parseDpsTopic('$dps/registrations/PUT/iotdps-register/?$rid=a%2Db'), {
      kind: 'register',
      rid: 'a%2Db',
    });
    assert.deepEqual(
      parseDpsTopic('$dps/registrations/GET/iotdps-get-operationstatus/?$rid=2&operationId=5.a%2Eb'),
      { kind: 'poll', rid: '2', operationId: '5.a.b' },
    );
  });

  it('are nothing else', () => {
    for (const topic of [
      '$dps/registrations/PUT/iotdps-register/',
      '$dps/registrations/PUT/other/?$rid=1',
      'a',
    ]) {
      assert.equal(parseDpsTopic(topic), undefined, topic);
    }
  });
});

describe('topics of a hub', () => {
  for (const [topic, request] of [
    ['devices/gw-1/messages/events/', { kind: 'event', bag: '' }],
    ['devices/gw-1/messages/events', { kind: 'event', bag: '' }],
    ['devices/gw-1/messages/events/a=b', { kind: 'event', bag: 'a=b' }],
    ['$iothub/twin/GET/?$rid=1', { kind: 'twin-get', rid: '1' }],
    [
      '$iothub/twin/PATCH/properties/reported/?$rid=1&$version=4',
      { kind: 'twin-patch', rid: '1', version: '4' },
    ],
    ['$iothub/methods/res/200/?$rid=f', { kind: 'method-response', rid: 'f', status: 200 }],
    ['$iothub/methods/res/-1/?$rid=f', { kind: 'method-response', rid: 'f', status: -1 }],
  ] as const) {
    it(topic, () => {
      const parsed = parseHubTopic(topic, 'gw-1');
      assert.deepEqual(parsed, request.kind === 'twin-patch' ? request : { ...request });
    });
  }

  it("are not another device's, nor made up", () => {
    for (const topic of [
      'devices/gw-10/messages/events/',
      'devices/GW-1/messages/events/',
      '$iothub/twin/GET/',
      '$iothub/methods/res/ok/?$rid=1',
      '$iothub/twin/PATCH/properties/desired/?$rid=1',
    ]) {
      assert.equal(parseHubTopic(topic, 'gw-1'), undefined, topic);
    }
  });

  it('have four filters, of which none is inherited', () => {
    assert.equal(parseHubFilter('devices/gw-1/messages/devicebound/#', 'gw-1'), 'cloud-to-device');
    assert.equal(parseHubFilter('$iothub/twin/res/#', 'gw-1'), 'twin-responses');
    assert.equal(parseHubFilter('devices/gw-2/messages/devicebound/#', 'gw-1'), undefined);
    assert.equal(parseHubFilter('toString', 'gw-1'), undefined);
  });
});

describe('user names', () => {
  for (const [text, user] of [
    [
      '0ne00ABC123/registrations/gw:1._-a/api-version=2019-03-31&ClientVersion=azure%2F1',
      { service: 'dps', scopeId: '0ne00ABC123', registrationId: 'gw:1._-a' },
    ],
    ['0ne/registrations/gw-1', { service: 'dps', scopeId: '0ne', registrationId: 'gw-1' }],
    [
      'h:8883/gw-1/?api-version=2021-04-12',
      { service: 'hub', host: 'h:8883', deviceId: 'gw-1', moduleId: undefined, modelId: undefined },
    ],
    [
      'h/gw-1/m/?api-version=2021-04-12',
      { service: 'hub', host: 'h', deviceId: 'gw-1', moduleId: 'm', modelId: undefined },
    ],
    ['h/gw-1', { service: 'hub', host: 'h', deviceId: 'gw-1', moduleId: undefined, modelId: undefined }],
    [
      'h/gw-1/?model-id=dtmi%3Ax%3B1&api-version=a',
      { service: 'hub', host: 'h', deviceId: 'gw-1', moduleId: undefined, modelId: 'dtmi:x;1' },
    ],
    [
      'h/gw-1/?api-version=a&model-id=dtmi:x;1',
      { service: 'hub', host: 'h', deviceId: 'gw-1', moduleId: undefined, modelId: 'dtmi:x;1' },
    ],
  ] as const) {
    it(text, () => {
      assert.deepEqual(parseUserName(text), user);
    });
  }

  it('that are none', () => {
    for (const text of ['', 'h', 'h/', '/gw-1', 'h/a/b/c/?x=1'])
      assert.equal(parseUserName(text), undefined, text);
  });
});
