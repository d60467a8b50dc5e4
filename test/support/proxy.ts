import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Scratch } from './scratch.ts';

export interface ProxyOptions {
  /** `user:password` that is wanted; anyone may use it if not given. */
  readonly credentials?: string;
  /** Ports that it does not connect to: 403. */
  readonly forbidden?: (authority: string) => boolean;
  /** Takes connections and never answers. */
  readonly mute?: boolean;
}

/** An HTTP proxy for CONNECT and nothing else. */
export interface TestProxy {
  readonly port: number;
  /** What CONNECT named, for each tunnel that was opened. */
  readonly tunnels: readonly string[];
  /** How often it answered 407. */
  readonly unauthorized: () => number;
  /** Connections of clients that are open now. */
  readonly open: () => number;
  /** Resolves when the first client has sent its CONNECT. */
  readonly asked: Promise<void>;
  /** Resolves when no client is connected. */
  idle(): Promise<void>;
}

/** A proxy of its own for a test, gone with every connection when the test is over. */
export async function proxyFor(scratch: Scratch, options: ProxyOptions = {}): Promise<TestProxy> {
  const sockets = new Set<Socket>();
  const clients = new Set<Socket>();
  const tunnels: string[] = [];
  let unauthorized = 0;
  let onAsked: () => void = () => undefined;
  const asked = new Promise<void>((resolve) => (onAsked = resolve));
  const keep = (socket: Socket, among: Set<Socket>): void => {
    among.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => among.delete(socket));
  };
  const server = createServer((_request, response) => response.writeHead(405).end());
  server.on('connection', (socket) => {
    keep(socket, clients);
  });
  server.on('connect', (request: IncomingMessage, client: Duplex, head: Buffer) => {
    onAsked();
    if (options.mute === true) {
      client.resume().once('end', () => client.destroy());
      return;
    }
    const authority = request.url ?? '';
    if (!isAuthorized(request, options.credentials)) {
      unauthorized += 1;
      client.end(
        'HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="test"\r\n\r\n',
      );
      return;
    }
    if (options.forbidden?.(authority) === true) {
      client.end('HTTP/1.1 403 Forbidden\r\n\r\n');
      return;
    }
    const [, host = '', port = ''] = /^(.*):(\d+)$/.exec(authority) ?? [];
    const upstream = connect({ host, port: Number(port) }, () => {
      tunnels.push(authority);
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      upstream.write(head);
      upstream.pipe(client).pipe(upstream);
    });
    keep(upstream, sockets);
    upstream.once('error', () => client.end('HTTP/1.1 502 Bad Gateway\r\n\r\n'));
    upstream.once('close', () => client.destroy());
    client.once('close', () => upstream.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  scratch.defer(async () => {
    for (const socket of [...sockets, ...clients]) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  const idle = async (): Promise<void> => {
    await Promise.all([...clients].map((client) => new Promise((resolve) => client.once('close', resolve))));
  };
  return { port, tunnels, asked, unauthorized: () => unauthorized, open: () => clients.size, idle };
}

function isAuthorized({ headers }: IncomingMessage, credentials: string | undefined): boolean {
  if (credentials === undefined) return true;
  return headers['proxy-authorization'] === `Basic ${Buffer.from(credentials).toString('base64')}`;
}
