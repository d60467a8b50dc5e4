import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { lstat, readFile, readdir, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { askLocalApi } from '../../../src/local-api/ask.ts';
import { SystemClock } from '../../../src/lib/clock.ts';
import { LocalApi } from '../../../src/local-api/local-api.ts';
import { longestPathBytes } from '../../../src/local-api/unix-socket.ts';
import { RecordingLog } from '../../fakes/recording-log.ts';
import { Scratch } from '../../support/scratch.ts';
import { someMetrics } from '../../fakes/metrics.ts';
import { someStatus } from './some-status.ts';

const never = new AbortController().signal;

describe('LocalApi', () => {
  let scratch: Scratch;
  let folder: string;
  let path: string;

  beforeEach(async () => {
    scratch = new Scratch();
    folder = await scratch.folder();
    path = join(folder, 'agent.sock');
  });

  afterEach(() => scratch.clean());

  /** Resolves when it listens, or has said why it does not. */
  async function start(
    at = path,
    status = () => someStatus,
  ): Promise<{ log: RecordingLog; readonly stop: () => Promise<void> }> {
    const stopping = new AbortController();
    const log = new RecordingLog();
    const told = new Promise<void>((resolve) => {
      const write = log.lines.push.bind(log.lines);
      log.lines.push = (...lines) => {
        resolve();
        return write(...lines);
      };
    });
    const running = new LocalApi({
      ...{ path: at, status, metrics: someMetrics, clock: new SystemClock(), log },
    }).run(stopping.signal);
    const stop = async (): Promise<void> => {
      stopping.abort();
      await running;
    };
    scratch.defer(stop);
    await told;
    return { log, stop };
  }

  async function get(target: string, method = 'GET'): Promise<{ status: number | undefined; body: unknown }> {
    const response = await new Promise<{ status: number | undefined; text: string }>((resolve, reject) => {
      request({ socketPath: path, path: target, method, agent: false }, (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (data: string) => (text += data));
        answer.on('end', () => {
          resolve({ status: answer.statusCode, text });
        });
      })
        .once('error', reject)
        .end();
    });
    return { status: response.status, body: JSON.parse(response.text) };
  }

  it('answers GET /v1/status', async () => {
    await start();
    // What is undefined in it is left out of JSON.
    const body: unknown = JSON.parse(JSON.stringify(someStatus));
    assert.deepEqual(await get('/v1/status'), { status: 200, body });
    assert.deepEqual(await askLocalApi(path, '/v1/status?x=1', never), body);
  });

  it('is for its own user only', async () => {
    await start();
    assert.equal((await lstat(path)).mode & 0o777, 0o600);
  });

  it('has nothing else', async () => {
    await start();
    const error = 'cannot GET /v2: there are GET /v1/status, GET /v1/metrics and GET /v1/metrics/history';
    assert.deepEqual(await get('/v2'), { status: 404, body: { error } });
    assert.equal((await get('/v1/status', 'POST')).status, 405);
    await assert.rejects(
      askLocalApi(path, '/v2', never),
      /the agent answers 404: .*there are GET \/v1\/status/,
    );
  });

  it('outlives a status that cannot be told', async () => {
    const { log } = await start(path, () => {
      throw new Error('a bug');
    });
    assert.deepEqual(await get('/v1/status'), {
      status: 500,
      body: { error: 'cannot tell the status: a bug' },
    });
    assert.deepEqual(log.messages('error'), ['cannot tell the status: a bug']);
  });

  it('refuses headers beyond 8 KB', async () => {
    await start();
    const socket = connect(path);
    socket.write(`GET /v1/status HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(9000)}\r\n\r\n`);
    const [answer] = (await once(socket, 'data')) as [Buffer];
    assert.match(answer.toString(), /^HTTP\/1\.1 431 /);
    socket.destroy();
  });

  it('takes the place of an agent that was killed', async () => {
    const script = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
    await once(spawn(process.execPath, ['-e', script]), 'exit');
    assert.ok((await lstat(path)).isSocket());
    const { log } = await start();
    assert.deepEqual(log.messages('warn'), []);
    assert.equal((await get('/v1/status')).status, 200);
  });

  it('leaves a socket alone that somebody else listens at, and goes on', async () => {
    const other = await start();
    const { log, stop } = await start();
    assert.deepEqual(log.messages('warn'), [
      `the agent goes on without its local API: cannot listen at ${path}: another agent does`,
    ]);
    await stop();
    assert.equal((await get('/v1/status')).status, 200);
    await other.stop();
  });

  it('leaves a file alone that is no socket', async () => {
    await writeFile(path, 'precious');
    const { log } = await start();
    assert.match(log.messages('warn').join(), /there is a file, and it is no socket$/);
    assert.equal(await readFile(path, 'utf8'), 'precious');
  });

  it('warns once of a path that is too long, or in no folder', async () => {
    const long = join(folder, 'x'.repeat(longestPathBytes));
    assert.match((await start(long)).log.messages('warn').join(), /bytes, and a socket’s at most 107$/);
    const nowhere = await start(join(folder, 'nowhere', 'agent.sock'));
    assert.match(nowhere.log.messages('warn').join(), /ENOENT/);
    assert.deepEqual(await readdir(folder), []);
  });

  it('takes the longest path there can be', async () => {
    const longest = join(folder, 'x'.repeat(longestPathBytes - folder.length - 1));
    const { log } = await start(longest);
    assert.deepEqual(log.messages('warn'), []);
    assert.ok((await lstat(longest)).isSocket());
  });

  it('ends at once though somebody holds a connection, and removes its socket', async () => {
    const { stop } = await start();
    const idle = connect(path);
    await once(idle, 'connect');
    const closed = once(idle, 'close');
    idle.write('GET /v1/status HTTP/1.1\r\n');
    await get('/v1/status');
    await stop();
    await closed;
    assert.deepEqual(await readdir(folder), []);
  });
});

describe('askLocalApi', () => {
  it('refuses what is not the agent’s answer', async () => {
    const scratch = new Scratch();
    const path = join(await scratch.folder(), 'agent.sock');
    const server = createServer((socket) => {
      socket.once('data', () => {
        socket.end('HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nhello');
      });
    });
    server.listen(path);
    await once(server, 'listening');
    scratch.defer(async () => {
      server.close();
      await once(server, 'close');
    });
    await assert.rejects(askLocalApi(path, '/v1/status', never), /it is not a JSON object$/);
    await scratch.clean();
  });
});
