import assert from 'node:assert/strict';
import { once } from 'node:events';
import { lstat, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { Scratch } from '../../support/scratch.ts';
import { startApi } from './running-api.ts';

describe('posts to the local API', () => {
  let scratch: Scratch;

  beforeEach(() => {
    scratch = new Scratch();
  });

  afterEach(() => scratch.clean());

  it('are readings, one, several in a list, or several lines of any type', async () => {
    const { ask, desk } = await startApi(scratch);
    const bodies = ['{"a":1}', '[{"a":2},{"a":3}]', '{"a":4}\n{"a":5}\r\n\n', '{\n  "a": 6\n}\n'];
    const accepted = [];
    for (const body of bodies) accepted.push((await ask({ body })).body['accepted']);
    assert.deepEqual(accepted, [1, 2, 2, 1]);
    assert.deepEqual(
      desk.readings.map(({ values }) => values['a']),
      [1, 2, 3, 4, 5, 6],
    );
    const { status, body } = await ask({
      body: '{"a":7,"time":"2026-01-01T00:00:00Z"}',
      headers: { 'Content-Type': 'application/x-ndjson; charset=utf-8' },
    });
    assert.deepEqual([status, body], [202, { accepted: 1, stored: 'disk' }]);
    assert.equal(desk.readings.at(-1)?.timeMs, Date.UTC(2026, 0, 1));
  });

  it('may have nothing in them, which is no error', async () => {
    const { ask, desk } = await startApi(scratch);
    const { status, body } = await ask({ body: '[]' });
    assert.deepEqual([status, body], [202, { accepted: 0 }]);
    assert.deepEqual(desk.posts, []);
  });

  it('say which input, priority and component they are of', async () => {
    const { ask, desk } = await startApi(scratch);
    desk.inputs = ['one', 'two'];
    const path = '/v1/telemetry?input=two&priority=high&component=line1';
    assert.equal((await ask({ path, body: '{"a":1}' })).status, 202);
    assert.deepEqual(desk.posts, [{ input: 'two', overrides: { priority: 'high', component: 'line1' } }]);
    const unnamed = await ask({ body: '{"a":1}' });
    assert.deepEqual(
      [unnamed.status, unnamed.body['error']],
      [400, 'cannot tell which input this is for: name it as the input, one of one, two'],
    );
    assert.equal((await ask({ path: '/v1/telemetry?input=three', body: '{"a":1}' })).status, 404);
  });

  it('are told what to configure where no input is for them', async () => {
    const { ask, desk } = await startApi(scratch);
    desk.inputs = [];
    for (const path of ['/v1/telemetry', '/v1/messages']) {
      const { status, body } = await ask({ path, body: '{"a":1}' });
      assert.equal(status, 404);
      assert.match(String(body['remedy']), /config\.yaml.*\ntelemetry:\n {2}inputs:\n.*\n {6}type: socket$/);
    }
  });

  it('are told how to switch on the input that they are for', async () => {
    const { ask, desk } = await startApi(scratch);
    desk.off = ['local'];
    for (const path of ['/v1/telemetry', '/v1/messages?input=local']) {
      const { status, body } = await ask({ path, body: '{"body":1}' });
      assert.deepEqual(
        [status, body['error']],
        [404, 'cannot take telemetry for local: this input is switched off'],
      );
      assert.match(String(body['remedy']), /^switch it on: enabled: true/);
    }
    assert.deepEqual(desk.posts, []);
  });

  const refused = [
    ['no reading', '{"a":1}\n3\n', { line: 2 }, /^cannot take line 2: cannot use a number as a reading/],
    ['a broken line', '{"a":1}\n\n{"a":\n{"a":3}', { line: 3 }, /^cannot read line 3 as JSON: /],
    ['a broken first line', '{"a":1\n{"a":2}', { line: 1 }, /^cannot read line 1 as JSON: /],
    ['a broken element', '[{"a":1},{}]', { index: 1 }, /^cannot take element 1: .*without values/],
    ['no JSON', 'a=1', {}, /^cannot read the body as JSON: .*; nothing of this post is kept$/],
    ['nothing', ' \n', {}, /^cannot read the body: it is empty/],
    ['no UTF-8', Buffer.from([0x7b, 0xff, 0x7d]), {}, /^cannot read the body: it is not UTF-8/],
  ] as const;
  for (const [name, body, place, error] of refused) {
    it(`are refused as a whole, and told where: ${name}`, async () => {
      const { ask, desk } = await startApi(scratch);
      const answer = await ask({ body });
      const { error: message, ...details } = answer.body;
      assert.equal(answer.status, 400);
      assert.match(String(message), error);
      assert.deepEqual(details, { ...place, accepted: 0 });
      assert.deepEqual(desk.posts, []);
    });
  }

  const misdirected = [
    ['/v1/telemetry?prority=high', {}, 400, /the parameter "prority": there are input, priority, component/],
    ['/v1/telemetry?priority=highest', {}, 400, /cannot use priority "highest": write high, normal or low/],
    ['/v1/telemetry?priority=constructor', {}, 400, /cannot use priority/],
    ['/v1/telemetry?component=1', {}, 400, /cannot use component "1"/],
    ['/v1/telemetry?input=local&input=local', {}, 400, /cannot use input twice/],
    ['/v1/telemetry', { 'Content-Type': 'text/csv' }, 415, /readings of type text\/csv/],
    ['/v1/telemetry', { 'Content-Encoding': 'gzip' }, 415, /Content-Encoding gzip/],
    ['/v1/messages', { 'Content-Encoding': 'gzip' }, 415, /Content-Encoding gzip/],
    ['/v1/nothing', {}, 404, /there are GET .* and POST \/v1\/messages$/],
    ['/v1/status', {}, 405, /it takes GET only$/],
  ] as const;
  for (const [path, headers, status, error] of misdirected) {
    it(`are not misunderstood: ${path} ${Object.keys(headers).join('')}`, async () => {
      const { ask, desk } = await startApi(scratch);
      const answer = await ask({ path, headers, body: '{"a":1}' });
      assert.equal(answer.status, status);
      assert.match(String(answer.body['error']), error);
      assert.deepEqual(desk.posts, []);
    });
  }

  it('are told by GET what to use', async () => {
    const { ask } = await startApi(scratch);
    const { status, headers } = await ask({ method: 'GET' });
    assert.deepEqual([status, headers.allow], [405, 'POST']);
  });

  it('need a length', async () => {
    const { path } = await startApi(scratch);
    const socket = connect(path);
    socket.end('POST /v1/telemetry HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    const [answer] = (await once(socket, 'data')) as [Buffer];
    assert.match(answer.toString(), /^HTTP\/1\.1 411 [^]*"error":"cannot take a post of HTTP\/1\.1 without/);
  });

  it('are refused above the limit, and the connection goes on', async () => {
    const { path, desk } = await startApi(scratch);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const statuses = [];
    for (const size of [1_100_000, 10])
      statuses.push(await postWith(agent, path, `{"a":"${'x'.repeat(size)}"}`));
    const [socket] = Object.values(agent.freeSockets).flat();
    assert.ok(socket !== undefined, 'one connection took both');
    agent.destroy();
    assert.deepEqual(statuses, [413, 202]);
    assert.equal(desk.posts.length, 1);
  });

  it('are refused before they are sent, where they ask', async () => {
    const { ask } = await startApi(scratch);
    const body = Buffer.alloc(1_100_000, ' ');
    const asking = await ask({ body, headers: { Expect: '100-continue' } });
    assert.deepEqual([asking.status, asking.headers.connection], [413, 'close']);
    const endless = await ask({ body: 'x', headers: { 'Content-Length': String(2 ** 40) } });
    assert.deepEqual([endless.status, endless.headers.connection], [413, 'close']);
  });

  it('are taken where they ask first', async () => {
    const { ask } = await startApi(scratch);
    assert.equal((await ask({ body: '{"a":1}', headers: { Expect: '100-continue' } })).status, 202);
  });

  it('wait for the desk, and say where they are', async () => {
    const { ask, desk } = await startApi(scratch);
    let settle: (outcome: object) => void = () => undefined;
    desk.outcome = new Promise((resolve) => {
      settle = resolve;
    });
    let isAnswered = false;
    const posted = desk.nextPost();
    const answer = ask({ body: '{"a":1}' }).finally(() => {
      isAnswered = true;
    });
    await posted;
    await ask({ path: '/v1/status' });
    assert.equal(isAnswered, false);
    settle({ stored: 'hub' });
    assert.deepEqual((await answer).body, { accepted: 1, stored: 'hub' });
  });

  it('are told what the policy refuses, and when to come again', async () => {
    const { ask, desk } = await startApi(scratch);
    desk.outcome = { accepted: 1, refused: 2, reason: 'full' };
    const full = await ask({ body: '[{"a":1},{"a":2},{"a":3}]' });
    assert.deepEqual([full.status, full.headers['retry-after']], [429, '10']);
    const { error, ...kept } = full.body;
    assert.match(String(error), /^cannot take 2 of 3: the queue is full/);
    assert.deepEqual(kept, { accepted: 1, stored: 'disk', refused: 2, reason: 'full' });
    desk.outcome = { accepted: 0, stored: undefined, refused: 1, reason: 'budget' };
    const budget = await ask({ body: '{"a":1}' });
    assert.deepEqual(
      [budget.status, budget.headers['retry-after'], budget.body['stored']],
      [429, '60', undefined],
    );
    desk.outcome = { accepted: 0, stored: undefined, refused: 1, reason: 'oversize' };
    assert.equal((await ask({ body: '{"a":1}' })).status, 413);
  });

  it('are told when the disk does not keep its promise', async () => {
    const { ask, desk } = await startApi(scratch);
    desk.outcome = { stored: 'memory', durable: false };
    const { status, body } = await ask({ body: '{"a":1}' });
    assert.deepEqual([status, body['accepted'], body['stored']], [503, 1, 'memory']);
    assert.match(String(body['error']), /in memory only/);
  });

  it('are told of a bug, and the log too', async () => {
    const { ask, desk, log } = await startApi(scratch);
    desk.outcome = new Error('cannot do this: a bug');
    assert.equal((await ask({ body: '{"a":1}' })).status, 500);
    assert.deepEqual(log.messages('error'), ['cannot do this: a bug']);
  });

  it('are not taken by halves: a caller that hangs up', async () => {
    const { path, ask, desk, log } = await startApi(scratch);
    const socket = connect(path);
    const head = 'POST /v1/telemetry HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n';
    socket.write(`${head}{"a":1}\n{"a":2}\n`);
    await ask({ path: '/v1/status' });
    socket.destroy();
    // Its end is seen before the request that comes after it.
    await ask({ path: '/v1/status' });
    await ask({ body: '{"b":1}' });
    assert.deepEqual(
      desk.readings.map(({ values }) => values),
      [{ b: 1 }],
    );
    assert.match(
      log.messages('debug').join('\n'),
      /a caller was gone before its POST \/v1\/telemetry was whole/,
    );
  });

  it('are let go when they take too long', async () => {
    const { path, desk } = await startApi(scratch, {
      limits: { requestMs: 200, headersMs: 200, checkMs: 50 },
    });
    const socket = connect(path);
    socket.write('POST /v1/telemetry HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"a":');
    const [answer] = (await once(socket, 'data')) as [Buffer];
    assert.match(
      answer.toString(),
      /^HTTP\/1\.1 408 [^]*\r\n\r\n\{"error":"cannot read the request: it took too long/,
    );
    await once(socket, 'close');
    assert.deepEqual(desk.posts, []);
  });

  it('are answered in JSON even when they are no HTTP', async () => {
    const { path } = await startApi(scratch);
    const socket = connect(path);
    socket.write('{"a":1}\r\n\r\n');
    const [answer] = (await once(socket, 'data')) as [Buffer];
    assert.match(
      answer.toString(),
      /^HTTP\/1\.1 400 Bad Request\r\n[^]*\{"error":"cannot read the request: /,
    );
    socket.destroy();
  });

  it('may come a hundred at once', async () => {
    const { path, desk } = await startApi(scratch);
    const agent = new Agent({ keepAlive: true, maxSockets: 50 });
    const lines = Array.from({ length: 200 }, (_, line) => `{"line":${line}}`).join('\n');
    const statuses = await Promise.all(Array.from({ length: 100 }, () => postWith(agent, path, lines)));
    agent.destroy();
    assert.deepEqual(new Set(statuses), new Set([202]));
    assert.equal(desk.readings.length, 20_000);
  });

  it('hold no more of the memory than allowed, all together', async () => {
    const { ask, desk } = await startApi(scratch, { limits: { maxBodiesBytes: 1000 } });
    let settle: (outcome: object) => void = () => undefined;
    desk.outcome = new Promise((resolve) => {
      settle = resolve;
    });
    const posted = desk.nextPost();
    const first = ask({ body: JSON.stringify({ a: 'x'.repeat(900) }) });
    await posted;
    const second = await ask({ body: JSON.stringify({ a: 'x'.repeat(200) }) });
    assert.deepEqual([second.status, second.headers['retry-after']], [429, '1']);
    assert.deepEqual([second.body['accepted'], second.body['reason']], [0, 'busy']);
    settle({});
    assert.equal((await first).status, 202);
    assert.equal((await ask({ body: JSON.stringify({ a: 'x'.repeat(200) }) })).status, 202);
  });

  it('are turned away beyond so many connections, which is said once', async () => {
    const { path, ask, log } = await startApi(scratch, { limits: { maxConnections: 2 } });
    const busy = [connect(path), connect(path)];
    for (const socket of busy) {
      await once(socket, 'connect');
      socket.write('POST /v1/telemetry HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n');
    }
    await assert.rejects(ask({ body: '{"a":1}' }));
    await assert.rejects(ask({ body: '{"a":1}' }));
    assert.deepEqual(log.messages('warn').length, 1);
    const closed = Promise.all(busy.map((socket) => once(socket, 'close')));
    for (const socket of busy) socket.destroy();
    await closed;
  });

  it(
    'that are under way when the agent stops are still answered, and no longer waited for',
    { timeout: 20_000 },
    async () => {
      const { ask, desk, stop, path } = await startApi(scratch, { limits: { stopMs: 30_000 } });
      let settle: (outcome: object) => void = () => undefined;
      desk.outcome = new Promise((resolve) => {
        settle = resolve;
      });
      const posted = desk.nextPost();
      const answer = ask({ body: '{"a":1}' });
      await posted;
      const stopped = stop();
      await assert.rejects(ask({ body: '{"a":2}' }), 'no more are taken');
      settle({});
      assert.equal((await answer).status, 202);
      await stopped;
      await assert.rejects(lstat(path), { code: 'ENOENT' });
    },
  );

  it('that have only begun when the agent stops are told so', async () => {
    const { ask, desk, stop, path } = await startApi(scratch);
    let settle: (outcome: object) => void = () => undefined;
    desk.outcome = new Promise((resolve) => {
      settle = resolve;
    });
    const late = connect(path);
    late.write('POST /v1/telemetry HTTP/1.1\r\nHost: x\r\n');
    const posted = desk.nextPost();
    const answer = ask({ body: '{"a":1}' });
    await posted;
    const stopped = stop();
    late.write('Content-Length: 7\r\n\r\n{"a":2}');
    const [told] = (await once(late, 'data')) as [Buffer];
    assert.match(told.toString(), /^HTTP\/1\.1 503 [^]*cannot take this: the agent is stopping/);
    settle({});
    assert.equal((await answer).status, 202);
    await stopped;
    assert.equal(desk.posts.length, 1);
  });

  it('that take too long when the agent stops are not waited for', async () => {
    const { ask, desk, stop } = await startApi(scratch, { limits: { stopMs: 50 } });
    desk.outcome = new Promise(() => undefined);
    const posted = desk.nextPost();
    const answer = ask({ body: '{"a":1}' });
    answer.catch(() => undefined);
    await posted;
    await stop();
    await assert.rejects(answer, { code: 'ECONNRESET' });
  });
});

describe('the socket of the local API', () => {
  let scratch: Scratch;

  beforeEach(() => {
    scratch = new Scratch();
  });

  afterEach(() => scratch.clean());

  /** A group that this user may give a file to, whoever runs the test. */
  async function groupFile(): Promise<string> {
    const file = join(await scratch.folder(), 'group');
    const id = process.getuid?.() === 0 ? 1 : (process.getgid?.() ?? 0);
    await writeFile(file, `root:x:0:\noperators:x:${id}:alice,bob\n`);
    return file;
  }

  it('is given to a group', async () => {
    const file = await groupFile();
    const { path, log } = await startApi(scratch, { mode: 0o660, group: 'operators', groupFile: file });
    const { mode, gid } = await lstat(path);
    assert.deepEqual(log.messages('warn'), []);
    assert.equal(mode & 0o777, 0o660);
    assert.equal(gid, process.getuid?.() === 0 ? 1 : process.getgid?.());
  });

  it('is its owner’s alone when there is no such group, which is said', async () => {
    const file = await groupFile();
    const { path, log, ask } = await startApi(scratch, { mode: 0o660, group: 'nobodies', groupFile: file });
    assert.equal((await lstat(path)).mode & 0o777, 0o600);
    assert.match(
      log.messages('warn').join('\n'),
      /^cannot let the group nobodies use .* there is no group nobodies in /,
    );
    assert.equal((await ask({ body: '{"a":1}' })).status, 202);
  });
});

function postWith(agent: Agent, socketPath: string, body: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request({ agent, socketPath, path: '/v1/telemetry', method: 'POST' }, (response) => {
      response.resume().once('end', () => {
        resolve(response.statusCode);
      });
    })
      .once('error', reject)
      .end(body);
  });
}
