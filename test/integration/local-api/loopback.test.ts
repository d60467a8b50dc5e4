import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { Scratch } from '../../support/scratch.ts';
import { startApi } from './running-api.ts';

const json = { 'Content-Type': 'application/json' };

describe('the local API by TCP', () => {
  let scratch: Scratch;

  beforeEach(() => {
    scratch = new Scratch();
  });

  afterEach(() => scratch.clean());

  it('takes readings and tells the status, by any name of this machine', async () => {
    const { askByTcp, tcpPort, desk } = await startApi(scratch, { tcpPort: 0 });
    assert.equal((await askByTcp({ body: '{"a":1}', headers: json })).status, 202);
    for (const name of ['localhost', 'LOCALHOST', '127.0.0.1', '[::1]']) {
      const headers = { Host: `${name}:${tcpPort}` };
      for (const path of ['/v1/status', '/v1/metrics'])
        assert.equal((await askByTcp({ path, headers })).status, 200);
    }
    assert.equal(desk.readings.length, 1);
  });

  it('takes no messages', async () => {
    const { askByTcp, ask } = await startApi(scratch, { tcpPort: 0 });
    const path = '/v1/messages';
    assert.equal((await askByTcp({ path, body: '{"body":1}', headers: json })).status, 404);
    assert.equal((await ask({ path, body: '{"body":1}' })).status, 202);
  });

  const fromBrowsers = [
    ['a name that was made to lead here', { ...json, Host: 'evil.example:PORT' }, 403],
    ['this machine’s name without the port', { ...json, Host: 'localhost' }, 403],
    ['another port', { ...json, Host: 'localhost:1' }, 403],
    ['a page', { ...json, Origin: 'https://evil.example' }, 403],
    ['a page without an origin', { ...json, Origin: 'null' }, 403],
    ['a page of this machine', { ...json, Origin: 'http://localhost:PORT' }, 403],
    ['an image or a script of a page', { ...json, 'Sec-Fetch-Site': 'cross-site' }, 403],
    ['a form', { 'Content-Type': 'text/plain' }, 415],
    ['a form as curl pretends to be', { 'Content-Type': 'application/x-www-form-urlencoded' }, 415],
    ['a beacon without a type', {}, 415],
  ] as const;
  for (const [who, headers, status] of fromBrowsers) {
    it(`refuses what could be a browser’s: ${who}`, async () => {
      const { askByTcp, tcpPort, desk } = await startApi(scratch, { tcpPort: 0 });
      const own = Object.entries(headers).map(([name, value]) => [
        name,
        value.replace('PORT', String(tcpPort)),
      ]);
      const answer = await askByTcp({
        body: '{"a":1}',
        headers: Object.fromEntries(own) as Record<string, string>,
      });
      assert.deepEqual([answer.status, answer.headers.connection], [status, 'close']);
      assert.match(String(answer.body['error']), /^cannot /);
      assert.deepEqual(desk.posts, []);
    });
  }

  it('gives a browser that asks first no leave', async () => {
    const { askByTcp } = await startApi(scratch, { tcpPort: 0 });
    const { status, headers } = await askByTcp({
      method: 'OPTIONS',
      headers: { Origin: 'https://evil.example', 'Access-Control-Request-Headers': 'content-type' },
    });
    assert.equal(status, 403);
    assert.equal(headers['access-control-allow-origin'], undefined);
  });

  it('asks none of this by the socket, where no browser comes', async () => {
    const { ask } = await startApi(scratch, { tcpPort: 0 });
    assert.equal((await ask({ body: '{"a":1}', headers: { Host: 'anything' } })).status, 202);
  });

  it('is done without when its port is taken, which is said', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    scratch.defer(async () => {
      other.close();
      await once(other, 'close');
    });
    const { port } = other.address() as AddressInfo;
    const { ask, log } = await startApi(scratch, { tcpPort: port });
    assert.match(log.messages('warn').join('\n'), /^the agent goes on .* 127\.0\.0\.1:\d+: .*EADDRINUSE/);
    assert.equal((await ask({ body: '{"a":1}' })).status, 202);
  });
});
