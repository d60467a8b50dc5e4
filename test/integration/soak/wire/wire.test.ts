import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { SystemClock } from '../../../../src/lib/clock.ts';
import { seededRandom } from '../../../../src/lib/seeded-random.ts';
import { ConnectProxy } from '../../../../src/soak/wire/connect-proxy.ts';
import { Shapes } from '../../../../src/soak/wire/shapes.ts';
import { startWire } from '../../../../src/soak/wire/start-wire.ts';
import { Scratch } from '../../../support/scratch.ts';
import { wireCommand, wireFor } from '../../../support/wire.ts';

let scratch: Scratch;
let shapes: Shapes;
let proxy: ConnectProxy;
let wirePort: number;
let port: number;
/** The server's ends, in the order in which they came. */
let accepted: Socket[];

beforeEach(async () => {
  scratch = new Scratch();
  shapes = new Shapes();
  proxy = new ConnectProxy({ shapes, clock: new SystemClock(), random: seededRandom(1) });
  wirePort = await proxy.listen();
  scratch.defer(() => proxy.close());
  accepted = [];
  const server = createServer((socket) => {
    accepted.push(socket);
    socket.on('error', () => undefined);
    socket.on('data', (data) => socket.write(data));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
  scratch.defer(async () => {
    for (const socket of accepted) socket.destroy();
    server.close();
    await once(server, 'close');
  });
});
afterEach(() => scratch.clean());

/** A client of that name, with what it has received so far. */
class Client {
  readonly socket: Socket;
  received = Buffer.alloc(0);

  constructor(name: string, target = port, at = wirePort) {
    this.socket = connect(at, '127.0.0.1');
    scratch.defer(() => Promise.resolve(this.socket.destroy()));
    this.socket.on('error', () => undefined);
    this.socket.on('data', (data: Buffer) => {
      this.received = Buffer.concat([this.received, data]);
    });
    const credentials = Buffer.from(`${name}:soak`).toString('base64');
    this.socket.write(
      `CONNECT 127.0.0.1:${target} HTTP/1.1\r\nProxy-Authorization: Basic ${credentials}\r\n\r\n`,
    );
  }

  /** With an open tunnel to the server that says everything again. */
  static async open(name: string, at = wirePort): Promise<Client> {
    const client = new Client(name, port, at);
    await client.until(() => client.received.includes('\r\n\r\n'));
    assert.match(client.received.toString(), /^HTTP\/1.1 200 /);
    client.received = Buffer.alloc(0);
    return client;
  }

  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await once(this.socket, 'data');
  }

  /** Milliseconds until all of it has come back. */
  async echo(bytes: Buffer): Promise<number> {
    const start = performance.now();
    const before = this.received.length;
    this.socket.write(bytes);
    await this.until(() => this.received.length >= before + bytes.length);
    assert.ok(this.received.subarray(before).equals(bytes), 'what came back is not what was sent');
    return performance.now() - start;
  }
}

const word = Buffer.from('a word');

describe('the wire', () => {
  it('carries everything as it is, both ways', async () => {
    const client = await Client.open('one');
    await client.echo(randomBytes(1_000_000));
  });

  it('answers 502 where nobody listens', async () => {
    const client = new Client('one', 1);
    await once(client.socket, 'end');
    assert.match(client.received.toString(), /^HTTP\/1.1 502 /);
  });

  it('has latency for those who are struck, over the connections they have', async () => {
    const [one, other] = [await Client.open('one'), await Client.open('other')];
    shapes.lay(1, { latencyMs: 250 }, ['one']);
    const slow = one.echo(word);
    await other.echo(word);
    assert.equal(one.received.length, 0);
    assert.ok((await slow) >= 495);
  });

  it('is as it was when a shape is lifted', async () => {
    const client = await Client.open('one');
    shapes.lay(1, { latencyMs: 3_600_000 });
    shapes.lift(1);
    await client.echo(word);
  });

  it('has latency for a connection that is being made', async () => {
    shapes.lay(1, { latencyMs: 100 });
    const start = performance.now();
    await Client.open('one');
    assert.ok(performance.now() - start >= 195);
  });

  it('keeps the order of bytes when segments are lost and late', async () => {
    const client = await Client.open('one');
    shapes.lay(1, { loss: 0.2, jitterMs: 20 });
    const tookMs = await client.echo(randomBytes(20_000));
    assert.ok(tookMs >= 200, `nothing was lost in ${tookMs} ms`);
  });

  it('is as narrow as it is told', async () => {
    const client = await Client.open('one');
    shapes.lay(1, { bytesPerSecond: 100_000 });
    const tookMs = await client.echo(randomBytes(50_000));
    assert.ok(tookMs >= 490, `it took ${tookMs} ms`);
  });

  it('falls silent: nothing passes, no end is told, and later all of it comes', async () => {
    const client = await Client.open('one');
    shapes.lay(1, { silent: true }, ['one']);
    client.socket.end(word);
    const other = await Client.open('other');
    await other.echo(word);
    const [server] = accepted;
    assert.equal(client.received.length, 0);
    assert.equal(server?.bytesRead, 0);
    assert.equal(server.readableEnded, false);
    shapes.lift(1);
    await once(client.socket, 'end');
    assert.equal(client.received.toString(), 'a word');
  });

  it('answers no new connection while silent', async () => {
    shapes.lay(1, { silent: true }, ['one']);
    const client = new Client('one');
    await (await Client.open('other')).echo(word);
    assert.equal(client.received.length, 0);
    shapes.lift(1);
    await client.until(() => client.received.includes('\r\n\r\n'));
  });

  it('resets both ends when it is cut, of those it is told', async () => {
    const [one, other] = [await Client.open('one'), await Client.open('other')];
    const server = accepted[0];
    assert.ok(server !== undefined);
    const reset = Promise.all([once(one.socket, 'error'), once(server, 'error')]);
    proxy.cut(['one']);
    const errors = (await reset).map(([error]) => error as Error & { code: string });
    assert.deepEqual(
      errors.map(({ code }) => code),
      ['ECONNRESET', 'ECONNRESET'],
    );
    await other.echo(word);
  });

  it('hands on a reset as a reset', async () => {
    const client = await Client.open('one');
    const reset = once(client.socket, 'error') as Promise<[Error & { code: string }]>;
    accepted[0]?.resetAndDestroy();
    assert.equal((await reset)[0].code, 'ECONNRESET');
  });

  it('takes no new connection while it is closed, and keeps the old', async () => {
    const old = await Client.open('one');
    shapes.lay(1, { closed: true });
    await old.echo(word);
    const refused = new Client('two');
    await once(refused.socket, 'error');
    assert.equal(refused.received.length, 0);
    shapes.lift(1);
    await old.echo(word);
    await Client.open('two');
  });
});

describe('the wire as a process', () => {
  it('does what it is told, and is gone when it is closed', async () => {
    const wire = await wireFor(scratch);
    const lift = wire.shape({ silent: true }, ['one']);
    const client = new Client('one', port, wire.port);
    await (await Client.open('other', wire.port)).echo(word);
    assert.equal(client.received.length, 0);
    lift();
    await client.until(() => client.received.includes('\r\n\r\n'));
    wire.cut(['one']);
    await once(client.socket, 'error');
    await wire.close();
    const late = connect(wire.port, wire.host);
    await assert.rejects(once(late, 'connect'), { code: 'ECONNREFUSED' });
  });

  it('names a member in the URL of its proxy', async () => {
    const wire = await wireFor(scratch);
    const url = new URL(wire.urlFor('a:b'));
    assert.equal(decodeURIComponent(url.username), 'a:b');
    assert.equal(url.port, String(wire.port));
  });

  it('says when it has ended and nobody asked it to', async () => {
    const failure = await new Promise<Error>((resolve, reject) => {
      const command = [process.execPath, '-e', 'console.log(`{"port":1}`); process.exitCode = 3'] as const;
      startWire({ command, onFailure: resolve }).catch(reject);
    });
    assert.match(failure.message, /^the wire has ended \(3\)/);
  });

  it('says why it does not come up', async () => {
    const command = [...wireCommand.slice(0, 3), '/nowhere.ts'] as unknown as typeof wireCommand;
    await assert.rejects(startWire({ command, onFailure: () => undefined }), (error: Error) => {
      assert.match(error.message, /^cannot start the wire by /);
      assert.match(String(error.cause), /nowhere/);
      return true;
    });
  });
});
