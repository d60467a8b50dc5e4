import assert from 'node:assert/strict';
import { request } from 'node:http';
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { SystemClock } from '../../../src/lib/clock.ts';
import { Secret } from '../../../src/lib/secret.ts';
import { healthReport } from '../../../src/local-api/health.ts';
import { StatusPage } from '../../../src/local-api/page/status-page.ts';
import type { StatusPageOptions } from '../../../src/local-api/page/status-page.ts';
import { RecordingLog } from '../../fakes/recording-log.ts';
import { Scratch } from '../../support/scratch.ts';
import { someStatus } from '../../unit/local-api/some-status.ts';

interface Answered {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

const login = (password: string): { Authorization: string } => ({
  Authorization: `Basic ${Buffer.from(`me:${password}`).toString('base64')}`,
});

describe('the status page, asked for', () => {
  let scratch: Scratch;
  let log: RecordingLog;

  beforeEach(() => {
    scratch = new Scratch();
    log = new RecordingLog();
  });

  afterEach(() => scratch.clean());

  /** Returns how to ask it. */
  async function start(
    over: Partial<StatusPageOptions> = {},
  ): Promise<(path: string, headers?: OutgoingHttpHeaders, method?: string) => Promise<Answered>> {
    const listening = new Promise<void>((resolve) => {
      const write = log.lines.push.bind(log.lines);
      log.lines.push = (...lines) => {
        resolve();
        return write(...lines);
      };
    });
    const page = new StatusPage({
      listen: { address: '127.0.0.1', port: 0 },
      isLoopback: true,
      hostName: 'gateway',
      status: () => someStatus,
      health: () => healthReport([], 'connected'),
      clock: new SystemClock(),
      log,
      ...over,
    });
    const stopping = new AbortController();
    const running = page.run(stopping.signal);
    scratch.defer(async () => {
      stopping.abort();
      await running;
    });
    await listening;
    const { port } = (log.lines[0]?.fields['address'] ?? { port: 0 }) as { port: number };
    return (path, headers = {}, method = 'GET') => ask({ port, path, headers, method });
  }

  it('shows the status, and takes nothing', async () => {
    const get = await start();
    const { status, headers, text } = await get('/');
    assert.equal(status, 200);
    assert.match(text, /^<!doctype html>[^]*connected for/);
    assert.equal(headers['x-frame-options'], 'DENY');
    assert.equal(headers['cache-control'], 'no-store');
    assert.match(String(headers['content-security-policy']), /frame-ancestors 'none'/);
    assert.equal((await get('/v1/status')).status, 200);
    assert.equal((await get('/v1/health')).status, 200);
    assert.equal((await get('/', {}, 'POST')).status, 405);
    assert.equal((await get('/v1/telemetry', {}, 'POST')).status, 404);
    assert.equal((await get('/v1/metrics')).status, 404);
  });

  it('answers no name that was made to lead here', async () => {
    const get = await start();
    assert.equal((await get('/', { Host: 'evil.example' })).status, 403);
  });

  it('asks for the password, whatever is wanted', async () => {
    const get = await start({ password: () => Promise.resolve(new Secret('correct horse')) });
    for (const path of ['/', '/v1/status', '/v1/health']) {
      const refused = await get(path);
      assert.equal(refused.status, 401);
      assert.match(String(refused.headers['www-authenticate']), /^Basic realm="dps-agent"/);
      assert.doesNotMatch(refused.text, /gateway|azure-devices/);
      assert.equal((await get(path, login('wrong horse'))).status, 401);
      assert.equal((await get(path, login('correct horse'))).status, 200);
    }
    assert.doesNotMatch(JSON.stringify(log.lines), /horse/);
  });

  it('listens no more to whoever guesses, not even to the right one, and says who it was', async () => {
    const get = await start({ password: () => Promise.resolve(new Secret('correct horse')) });
    for (let guess = 0; guess < 5; guess += 1) assert.equal((await get('/', login('wrong'))).status, 401);
    const refused = await get('/', login('correct horse'));
    assert.deepEqual([refused.status, refused.headers['retry-after']], [429, '1']);
    assert.deepEqual(log.messages('warn'), ['a wrong password for the status page from 127.0.0.1, times: 1']);
  });

  it('lets nobody in with a password that is too short or cannot be read', async () => {
    const short = await start({ password: () => Promise.resolve(new Secret('1234567')) });
    assert.equal((await short('/', login('1234567'))).status, 503);
    assert.match(
      log.messages('error').join('\n'),
      /local_api\.page\.password: it has fewer than 8 characters$/,
    );
  });

  it('says that the password can be read on the wire where others can reach it', async () => {
    await start({ isLoopback: false });
    assert.match(log.messages('warn').join('\n'), /over plain HTTP: whoever can listen in/);
  });

  it('is done without when its port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    scratch.defer(async () => {
      other.close();
      await once(other, 'close');
    });
    await start({ listen: { address: '127.0.0.1', port: (other.address() as AddressInfo).port } });
    assert.match(log.messages('warn').join('\n'), /^the agent goes on without its status page: .*EADDRINUSE/);
  });

  it('tells ill health by the status of its answer', async () => {
    const get = await start({ health: () => healthReport(['telemetry queue'], 'connected') });
    const { status, text } = await get('/v1/health');
    assert.equal(status, 503);
    assert.deepEqual(JSON.parse(text), { healthy: false, hanging: ['telemetry queue'], state: 'connected' });
  });
});

function ask(options: {
  port: number;
  path: string;
  headers: OutgoingHttpHeaders;
  method: string;
}): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', agent: false, ...options }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (data: string) => (text += data));
      response.once('end', () => {
        resolve({ status: response.statusCode, headers: response.headers, text });
      });
    });
    sent.once('error', reject).end();
  });
}
