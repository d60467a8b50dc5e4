import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import { Secret } from '../../../../src/lib/secret.ts';
import { inputsIn } from './configured.ts';

const least = {
  name: 'a',
  type: 'http',
  priority: 'normal',
  properties: {},
  enabled: true,
  onError: 'retry',
  intervalMs: 60_000,
  url: 'http://plc.local',
  format: 'json',
  headers: {},
  trustedCerts: [],
  timeoutMs: 10_000,
  maxBytes: 262_144,
};

describe('the configuration of an http input', () => {
  it('needs a URL, and has defaults for the rest', () => {
    assert.deepEqual(inputsIn('- { name: a, type: http, url: http://plc.local }'), [least]);
  });

  it('has a line for everything', () => {
    const text = [
      '- name: a',
      '  type: http',
      '  url: https://192.168.1.20/s?unit=1',
      '  format: prometheus',
      '  select: { idle: \'cpu_seconds_total{cpu="0",mode="idle"}\', up: up }',
      '  headers: { Accept: text/plain, X-Key: env:KEY }',
      '  username: gateway',
      '  password: correct horse',
      '  trusted_certs: [file:///etc/plc-ca.pem]',
      '  timeout: 2s',
      '  max_bytes: 1MB',
    ].join('\n');
    assert.deepEqual(inputsIn(text), [
      {
        ...least,
        url: 'https://192.168.1.20/s?unit=1',
        format: 'prometheus',
        select: { idle: 'cpu_seconds_total{cpu="0",mode="idle"}', up: 'up' },
        headers: {
          Accept: { kind: 'plain', value: new Secret('text/plain') },
          'X-Key': { kind: 'env', name: 'KEY' },
        },
        basic: { username: 'gateway', password: { kind: 'plain', value: new Secret('correct horse') } },
        trustedCerts: ['/etc/plc-ca.pem'],
        timeoutMs: 2_000,
        maxBytes: 1_048_576,
      },
    ]);
  });

  it('shows no secret, however it is printed', () => {
    const text =
      '- { name: a, type: http, url: http://plc.local, bearer_token: hush, headers: { X-Key: hush } }';
    assert.doesNotMatch(inspect(inputsIn(text), { depth: 9 }) + JSON.stringify(inputsIn(text)), /hush/);
  });

  for (const pointer of ['', '/', '/a/0', '/a~1b~0', '/ü b']) {
    it(`takes ${JSON.stringify(pointer)} for a pointer`, () => {
      const text = `- { name: a, type: http, url: http://plc.local, select: { v: ${JSON.stringify(pointer)} } }`;
      assert.deepEqual(inputsIn(text), [{ ...least, select: { v: pointer } }]);
    });
  }

  for (const pointer of ['a', 'a/b', '/a~', '/a~2']) {
    it(`does not take ${JSON.stringify(pointer)} for one`, () => {
      const text = `- { name: a, type: http, url: http://plc.local, select: { v: ${JSON.stringify(pointer)} } }`;
      assert.throws(() => inputsIn(text), /select: v: expected a JSON Pointer such as/);
    });
  }
});
