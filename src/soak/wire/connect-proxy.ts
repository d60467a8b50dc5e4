import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import type { Clock } from '../../lib/clock.ts';
import type { Random } from '../../lib/random.ts';
import { Lane } from './lane.ts';
import { reset } from './reset.ts';
import type { Shapes } from './shapes.ts';

export interface ConnectProxyOptions {
  readonly shapes: Shapes;
  readonly clock: Clock;
  readonly random: Random;
}

/** An HTTP proxy for CONNECT and nothing else, on loopback, whose connections are as its shapes say. */
export class ConnectProxy {
  readonly #options: ConnectProxyOptions;
  readonly #tunnels = new Set<Tunnel>();
  readonly #server = createServer((_request, response) => response.writeHead(405).end());

  constructor(options: ConnectProxyOptions) {
    this.#options = options;
    this.#server.on('connect', (request: IncomingMessage, client: Socket, head: Buffer) => {
      this.#take(request, client, head);
    });
  }

  /** Resolves with the port, which is a free one. */
  async listen(): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ port: 0, host: '127.0.0.1', backlog: 1024 }, resolve);
    });
    return (this.#server.address() as AddressInfo).port;
  }

  /** Resets every open connection of these members, or of all. */
  cut(names?: readonly string[]): void {
    for (const tunnel of this.#tunnels) {
      if (names === undefined || (tunnel.name !== undefined && names.includes(tunnel.name))) tunnel.cut();
    }
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    this.cut();
    await closed;
  }

  #take(request: IncomingMessage, client: Socket, head: Buffer): void {
    // Whatever happens to it, its 'close' comes, too, and says all that matters.
    client.on('error', () => undefined);
    const name = userOf(request);
    if (this.#options.shapes.of(name).closed === true) {
      reset(client);
      return;
    }
    const tunnel = new Tunnel(client, name, this.#options);
    this.#tunnels.add(tunnel);
    tunnel.open(request.url ?? '', head, () => {
      this.#tunnels.delete(tunnel);
    });
  }
}

/** One client's connection through the proxy. */
class Tunnel {
  readonly name: string | undefined;
  readonly #client: Socket;
  readonly #server = new Socket({ allowHalfOpen: true });
  readonly #gone = new AbortController();
  readonly #out: Lane;
  readonly #back: Lane;

  constructor(client: Socket, name: string | undefined, options: ConnectProxyOptions) {
    this.name = name;
    this.#client = client;
    const common = { ...options, name, gone: this.#gone.signal };
    this.#out = new Lane({ ...common, to: this.#server });
    this.#back = new Lane({ ...common, to: client });
  }

  /** The request travels as everything does, then the server's own handshake, then the answer. */
  open(authority: string, head: Buffer, onGone: () => void): void {
    const [, host = '', port = '0'] = /^\[?(.*?)\]?:(\d{1,5})$/.exec(authority) ?? [];
    for (const socket of [this.#client, this.#server]) {
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
      socket.once('close', () => {
        if (!this.#client.destroyed || !this.#server.destroyed) return;
        this.#gone.abort(new Error('the connection is over'));
        onGone();
      });
    }
    this.#out.when(authority.length, () => {
      this.#server.connect({ host, port: Number(port) });
    });
    if (head.length > 0) this.#out.push(head);
    this.#out.carry(this.#client);
    this.#answer();
  }

  cut(): void {
    this.#gone.abort(new Error('the connection was cut'));
    reset(this.#client);
    reset(this.#server);
  }

  #answer(): void {
    const refused = (): void => {
      this.#back.push(Buffer.from('HTTP/1.1 502 Bad Gateway\r\n\r\n'));
      this.#back.end();
    };
    this.#server.once('error', refused);
    this.#server.once('connect', () => {
      this.#server.off('error', refused);
      this.#back.push(Buffer.from('HTTP/1.1 200 Connection established\r\n\r\n'));
      this.#back.carry(this.#server);
    });
  }
}

/** Whom the client says it is: nobody asks for a password. */
function userOf({ headers }: IncomingMessage): string | undefined {
  const [, encoded] = /^Basic (\S+)$/i.exec(headers['proxy-authorization'] ?? '') ?? [];
  if (encoded === undefined) return undefined;
  // The name may have colons, and the password has none.
  const [, user] = /^(.+):[^:]*$/.exec(Buffer.from(encoded, 'base64').toString('utf8')) ?? [];
  return user;
}
