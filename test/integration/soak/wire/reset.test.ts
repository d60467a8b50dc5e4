import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { reset } from '../../../../src/soak/wire/reset.ts';

let server: Server;
let one: Socket;
let peer: Socket;

beforeEach(async () => {
  server = createServer({ allowHalfOpen: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  one = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true });
  [peer] = (await once(server, 'connection')) as [Socket];
});

afterEach(() => {
  one.destroy();
  peer.destroy();
  server.close();
});

describe('a connection that is reset', () => {
  it('is told so at its other end', async () => {
    const failed = once(peer, 'error') as Promise<[NodeJS.ErrnoException]>;
    peer.resume();
    reset(one);
    const [[error]] = await Promise.all([failed, once(one, 'close')]);
    assert.equal(error.code, 'ECONNRESET');
  });

  it('is closed, and not forgotten, when its own end is on its way', async () => {
    const failures: Error[] = [];
    one.on('error', (error) => failures.push(error));
    one.end('the last');
    reset(one);
    await once(one, 'close');
    assert.deepEqual(failures, []);
  });
});
