import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { proxyFromUrl } from '../../../src/azure/proxy-url.ts';
import { authorityOf, parseTarget, portFor, targetOf } from '../../../src/azure/target.ts';
import { Secret } from '../../../src/lib/secret.ts';

describe('whom to reach', () => {
  for (const [name, host, mqtt, webSockets] of [
    ['hub.azure-devices.net', 'hub.azure-devices.net', 8883, 443],
    ['localhost:8884', 'localhost', 8884, 8884],
    ['[::1]:8884', '::1', 8884, 8884],
    ['[::1]', '::1', 8883, 443],
  ] as const) {
    it(`${name}: ${host}, port ${mqtt} for MQTT and ${webSockets} for WebSockets`, () => {
      const target = parseTarget(name);
      assert.equal(target.host, host);
      assert.deepEqual([portFor(target, 'mqtt'), portFor(target, 'mqtt_ws')], [mqtt, webSockets]);
    });
  }

  it('takes DPS’s 8883 for the usual port, and any other for the one to use', () => {
    assert.equal(portFor(targetOf({ host: 'dps', port: 8883 }), 'mqtt_ws'), 443);
    assert.equal(portFor(targetOf({ host: 'dps', port: 8900 }), 'mqtt_ws'), 8900);
  });

  it('writes an IPv6 address in brackets before its port', () => {
    assert.equal(authorityOf('::1', 443), '[::1]:443');
    assert.equal(authorityOf('hub', 443), 'hub:443');
  });
});

describe('the proxy’s URL', () => {
  for (const [text, host, port, authorization] of [
    ['http://proxy:3128', 'proxy', 3128, undefined],
    ['http://proxy', 'proxy', 80, undefined],
    ['http://[::1]:3128/', '::1', 3128, undefined],
    ['http://user:pass@proxy:3128', 'proxy', 3128, 'user:pass'],
    ['http://a%40b:p%3A%2Fw%25@proxy:3128', 'proxy', 3128, 'a@b:p:/w%'],
    ['http://user@proxy:3128', 'proxy', 3128, 'user:'],
  ] as const) {
    it(text, () => {
      const proxy = proxyFromUrl(new Secret(text));
      assert.deepEqual([proxy.host, proxy.port, proxy.authorization?.reveal()], [host, port, authorization]);
    });
  }

  for (const text of ['https://user:hunter2@proxy:3128', 'proxy:3128', 'hunter2', '']) {
    it(`refuses '${text}' without repeating it`, () => {
      assert.throws(
        () => proxyFromUrl(new Secret(text)),
        (error: Error) => error.message.startsWith('cannot use proxy') && !error.message.includes('hunter2'),
      );
    });
  }
});
