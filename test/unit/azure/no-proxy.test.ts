import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { bypassesProxy } from '../../../src/azure/no-proxy.ts';

/** [entry, host, port, is reached without the proxy] */
const table: readonly (readonly [entry: string, host: string, port: number, direct: boolean])[] = [
  ['*', 'hub.example', 8883, true],
  ['', 'hub.example', 8883, false],
  ['hub.example', 'hub.example', 8883, true],
  ['HUB.Example', 'hub.eXample', 8883, true],
  ['hub.example', 'hub.example.', 8883, true],
  ['hub.example.', 'hub.example', 8883, true],
  ['example', 'hub.example', 8883, true],
  ['.example', 'hub.example', 8883, true],
  ['*.example', 'hub.example', 8883, true],
  ['.example', 'example', 8883, true],
  [' .example ', 'hub.example', 8883, true],
  ['example', 'anexample', 8883, false],
  ['.example', 'anexample', 8883, false],
  ['hub.example', 'other.example', 8883, false],
  ['hub.example', 'example', 8883, false],
  ['hub.example:8883', 'hub.example', 8883, true],
  ['hub.example:443', 'hub.example', 8883, false],
  ['.example:443', 'hub.example', 443, true],
  ['10.0.0.7', '10.0.0.7', 8883, true],
  ['10.0.0.7', '10.0.0.70', 8883, false],
  ['0.7', '10.0.0.7', 8883, false],
  ['10.0.0.7:8883', '10.0.0.7', 8883, true],
  ['10.0.0.7:443', '10.0.0.7', 8883, false],
  ['10.0.0.0/8', '10.200.3.4', 8883, true],
  ['10.0.0.0/8', '11.0.0.1', 8883, false],
  ['10.0.0.0/33', '10.0.0.0', 8883, false],
  ['10.0.0.0/', '10.0.0.0', 8883, false],
  ['10.0.0.0/8', 'hub.example', 8883, false],
  ['::1', '::1', 8883, true],
  ['[::1]', '::1', 8883, true],
  ['[::1]:8883', '::1', 8883, true],
  ['[::1]:443', '::1', 8883, false],
  ['0:0:0:0:0:0:0:1', '::1', 8883, true],
  ['fd00::/8', 'fd12::1', 8883, true],
  ['fd00::/8', 'fe80::1', 8883, false],
  ['fd00::/8', '10.0.0.7', 8883, false],
];

describe('no_proxy', () => {
  for (const [entry, host, port, direct] of table) {
    it(`'${entry}': ${host}:${port} goes ${direct ? 'straight' : 'through the proxy'}`, () => {
      assert.equal(bypassesProxy(host, port, [entry]), direct);
    });
  }

  it('any entry of several will do, and none is none', () => {
    assert.equal(bypassesProxy('hub.example', 8883, ['other', 'hub.example']), true);
    assert.equal(bypassesProxy('hub.example', 8883, []), false);
  });
});
