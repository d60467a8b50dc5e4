import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hubHost, isDeviceId, parseConnectionString } from '../../../src/connection-string.ts';

const key = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=';

function read(text: string): readonly string[] {
  const parsed = parseConnectionString(text);
  assert.ok('value' in parsed, 'fault' in parsed ? parsed.fault : '');
  const { hub, deviceId, key: secret } = parsed.value;
  return [hub, deviceId, secret.reveal()];
}

function fault(text: string): string {
  const parsed = parseConnectionString(text);
  assert.ok('fault' in parsed, 'a connection string was accepted that should not be');
  return parsed.fault;
}

describe('a connection string', () => {
  for (const text of [
    `HostName=My-Hub.azure-devices.net;DeviceId=Gateway#1;SharedAccessKey=${key}`,
    `SharedAccessKey=${key};HostName=my-hub.azure-devices.net;DeviceId=Gateway#1`,
    ` hostname = my-hub.azure-devices.net ; deviceid=Gateway#1;sharedaccesskey=${key};\n`,
  ]) {
    it(`is read from ${JSON.stringify(text)}`, () => {
      assert.deepEqual(read(text), ['my-hub.azure-devices.net', 'Gateway#1', key]);
    });
  }

  it('may have = in its device ID, as in its key', () => {
    assert.equal(read(`HostName=h;DeviceId=a=b;SharedAccessKey=${key}`)[1], 'a=b');
  });

  it('is none without a part, with a part twice, or with one more, and the fault shows nothing of it', () => {
    const faults = [
      fault(''),
      fault(key),
      fault(`DeviceId=d;SharedAccessKey=${key}`),
      fault(`HostName=h;SharedAccessKey=${key}`),
      fault('HostName=h;DeviceId=d'),
      fault(`HostName=h;DeviceId=d;SharedAccessKey=${key};hostname=i`),
      fault(`HostName=h;DeviceId=d;SharedAccessKey=${key};${key}`),
      fault(`HostName=h;DeviceId=d;SharedAccessKey=${key.slice(1)}`),
      fault('HostName=h;DeviceId=d;SharedAccessKey='),
    ];
    for (const text of faults) assert.ok(!text.includes(key.slice(1, 9)), text);
  });
});

describe('a hub’s name', () => {
  it('may have a port, and is lower case', () => {
    assert.equal(hubHost('Hub.Example:8884'), 'hub.example:8884');
    assert.equal(hubHost('127.0.0.1'), '127.0.0.1');
  });

  for (const text of [
    '',
    'h:',
    'h:0',
    'h:65536',
    'https://h',
    'h/',
    'h_b',
    '-h',
    'h..b',
    '300.1.1.1',
    'h b',
  ]) {
    it(`is not "${text}"`, () => {
      assert.equal(hubHost(text), undefined);
    });
  }
});

describe('a device ID', () => {
  it("may have what the hub's documentation lists, up to 128 characters", () => {
    assert.ok(isDeviceId("aZ9-.+%_#*?!(),:=@$'"));
    assert.ok(isDeviceId('d'.repeat(128)));
  });

  for (const text of ['', 'd'.repeat(129), 'a b', 'a/b', 'a;b', 'ä', 'a\n']) {
    it(`is not ${JSON.stringify(text.slice(0, 9))}`, () => {
      assert.ok(!isDeviceId(text));
    });
  }
});
