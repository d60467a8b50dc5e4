import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { WireBytes } from '../../../src/azure/wire-bytes.ts';

describe('bytes on the wire', () => {
  let server: Server;
  let wire: WireBytes;

  /** Answers ten bytes to whatever comes. */
  beforeEach(async () => {
    wire = new WireBytes();
    server = createServer((socket) => socket.on('data', () => socket.write('0123456789')));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });

  afterEach(async () => {
    server.close();
    await once(server, 'close');
  });

  async function exchange(text: string): Promise<Socket> {
    const { port } = server.address() as AddressInfo;
    const socket = wire.watch(connect(port, '127.0.0.1'));
    socket.write(text);
    await once(socket, 'data');
    return socket;
  }

  async function close(socket: Socket): Promise<void> {
    socket.destroy();
    await once(socket, 'close');
  }

  it('are none before there is a connection', () => {
    assert.deepEqual(wire.totals, { sent: 0, received: 0 });
  });

  it('are counted while a connection is open, and after it', async () => {
    const socket = await exchange('abc');
    assert.deepEqual(wire.totals, { sent: 3, received: 10 });
    await close(socket);
    assert.deepEqual(wire.totals, { sent: 3, received: 10 });
  });

  it('are those of all connections together', async () => {
    await close(await exchange('abc'));
    const second = await exchange('abcd');
    const third = await exchange('abcde');
    assert.deepEqual(wire.totals, { sent: 12, received: 30 });
    await close(second);
    await close(third);
    assert.deepEqual(wire.totals, { sent: 12, received: 30 });
  });

  it('are none of a connection that was refused', async () => {
    const { port } = server.address() as AddressInfo;
    server.close();
    const socket = wire.watch(connect(port, '127.0.0.1'));
    await assert.rejects(once(socket, 'data'), { code: 'ECONNREFUSED' });
    assert.deepEqual(wire.totals, { sent: 0, received: 0 });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
});
