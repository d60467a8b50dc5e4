import { constants } from 'node:crypto';
import type { AddressInfo, Socket } from 'node:net';
import { createServer } from 'node:tls';
import type { Duplex } from 'node:stream';
import type { Server, TLSSocket } from 'node:tls';
import type { Credential } from '../certificates/certificate.ts';
import { untilStopped } from '../lib/deadline.ts';
import { describeError } from '../lib/errors.ts';
import { Admission, scopeOf } from './admission.ts';
import type { AdmissionOptions, Services } from './admission.ts';
import type { Proof } from './attestation.ts';
import type { FaultScope } from './faults.ts';
import { firstByte } from './first-byte.ts';
import { ListenError } from './listen-error.ts';
import { MqttConnection } from './mqtt-connection.ts';
import type { PacketHandler } from './mqtt-connection.ts';
import { presentedChain } from './presented-chain.ts';
import { parseUserName } from './user-name.ts';
import { WebSocketDoor } from './web-socket-door.ts';

export interface GatewayOptions extends AdmissionOptions {
  readonly host: string;
  readonly credential: Credential;
}

/** How long a TLS handshake may take, and after it the first byte of MQTT, or the upgrade to WebSockets. */
const handshakeTimeoutMs = 30_000;
/** An HTTP request begins with its method, in capitals; MQTT with its CONNECT, 0x10. */
const isHttp = (byte: number): boolean => byte >= 0x41 && byte <= 0x5a;

interface Open {
  readonly connection: MqttConnection;
  readonly scope: FaultScope;
}

/**
 * One port: TLS in, MQTT connections out, over WebSockets or not, each handed to DPS or hub by its user name. Other HTTPS
 * requests are the hub's.
 */
export class Gateway {
  readonly #options: GatewayOptions;
  readonly #admission: Admission;
  readonly #sockets = new Set<Socket>();
  readonly #open = new Set<Open>();
  readonly #door = new WebSocketDoor(
    (stream, socket) => {
      this.#entered.get(socket)?.abort(new Error('the WebSocket is open'));
      this.#converse(stream, socket);
    },
    (request, response) => {
      this.#entered.get(request.socket)?.abort(new Error('a request has come'));
      this.#services?.requests(request, response);
    },
  );
  /** Connections that speak HTTP and have neither been upgraded nor brought a request yet. */
  readonly #entered = new WeakMap<Socket, AbortController>();
  #server: Server | undefined;
  #services: Services | undefined;
  #port = 0;

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#admission = new Admission(options);
  }

  get port(): number {
    return this.#port;
  }

  /** The name of the hub behind this port, once it serves. */
  get hubName(): string | undefined {
    return this.#services?.hub.name;
  }

  /** From now on connections are taken; before, they are dropped. A hub is named by its port, so it comes second. */
  serve(services: Services): void {
    this.#services = services;
  }

  /** Listens; 0 asks for a free port. Rejects when the port is taken. Does nothing when it listens already. */
  async listen(port: number): Promise<void> {
    if (this.#server !== undefined) return;
    const server = this.#createServer();
    this.#server = server;
    try {
      // A port beyond the last one is no event of the server's: that throws.
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen({ port, host: this.#options.host, backlog: 1024 }, resolve);
      });
    } catch (error) {
      this.#server = undefined;
      throw new ListenError(this.#options.host, port, error);
    }
    server.on('error', (error) => {
      this.#options.log.warn({ reason: describeError(error) }, 'the listener failed');
    });
    this.#port = (server.address() as AddressInfo).port;
  }

  /** Takes no new connections; those that are open stay. */
  stopListening(): void {
    this.#server?.close();
    this.#server = undefined;
  }

  /** Ends the listener and every socket; resolves when all are gone. */
  async close(): Promise<void> {
    // First of all: whoever got in while the others leave would be served, and keep the listener open for ever.
    const deaf = closed(this.#server);
    this.#server = undefined;
    const gone = [...this.#sockets].map(
      (socket) =>
        new Promise<void>((resolve) =>
          socket.once('close', () => {
            resolve();
          }),
        ),
    );
    for (const { connection } of this.#open) connection.close('the simulator has stopped');
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all([deaf, ...gone]);
  }

  /** Destroys the open connections that match; returns how many. */
  drop(matches: (scope: FaultScope) => boolean): number {
    const hit = [...this.#open].filter(({ scope }) => matches(scope));
    for (const { connection } of hit) connection.close('fault: dropped');
    return hit.length;
  }

  /** Applies `go-silent` to what is open now. */
  silence(): void {
    for (const { connection, scope } of this.#open) {
      if (!connection.silent && this.#options.faults.strike('go-silent', scope) !== undefined)
        connection.goSilent();
    }
  }

  #createServer(): Server {
    const { credential } = this.#options;
    const server = createServer({
      key: credential.privateKeyPem,
      cert: credential.certificatePem,
      minVersion: 'TLSv1.2',
      handshakeTimeout: handshakeTimeoutMs,
      // Asked of everyone, judged at CONNECT, as the services do. A resumed session would bring no chain.
      requestCert: true,
      rejectUnauthorized: false,
      secureOptions: constants.SSL_OP_NO_TICKET,
    });
    server.on('connection', (socket: Socket) => {
      this.#accept(socket);
    });
    server.on('secureConnection', (socket) => {
      void this.#secured(socket);
    });
    server.on('tlsClientError', (error) => {
      this.#options.log.info({ reason: describeError(error) }, 'TLS handshake failed');
    });
    return server;
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    // A reset before or in the handshake is reported by tlsClientError.
    socket.on('error', () => undefined);
    socket.setNoDelay(true);
    const scope = { hub: this.hubName ?? '' };
    if (this.#options.faults.find('refuse-tcp', scope)?.how !== 'reset') return;
    this.#options.faults.strike('refuse-tcp', scope);
    socket.resetAndDestroy();
  }

  /** Plain MQTT and WebSockets come by the same port: the first byte tells. */
  async #secured(socket: TLSSocket): Promise<void> {
    if (this.#services === undefined) {
      socket.destroy();
      return;
    }
    const waiting = this.#destroyLater(socket);
    const byte = await firstByte(socket);
    if (byte === undefined) {
      socket.destroy();
    } else if (isHttp(byte)) {
      this.#entered.set(socket, waiting);
      this.#door.enter(socket);
    } else {
      waiting.abort(new Error('MQTT has begun'));
      const refused = this.#options.faults.strike('refuse-mqtt', { hub: this.hubName ?? '' });
      if (refused === undefined) this.#converse(socket, socket);
      else socket.destroy();
    }
  }

  /** Destroys a connection that does not get to MQTT in time, unless the wait is aborted. */
  #destroyLater(socket: TLSSocket): AbortController {
    const waiting = new AbortController();
    socket.once('close', () => {
      waiting.abort(new Error('the connection has closed'));
    });
    void untilStopped(this.#options.clock.sleep(handshakeTimeoutMs, waiting.signal), waiting.signal).then(
      () => {
        if (!waiting.signal.aborted) socket.destroy();
      },
    );
    return waiting;
  }

  /** MQTT on a stream: the TLS connection itself, or what comes through its WebSocket. */
  #converse(stream: Duplex, socket: TLSSocket): void {
    const services = this.#services;
    if (services === undefined) {
      socket.destroy();
      return;
    }
    let scope: FaultScope = {};
    const connection: MqttConnection = new MqttConnection({
      stream,
      remoteAddress: `${socket.remoteAddress ?? '?'}:${socket.remotePort ?? 0}`,
      clock: this.#options.clock,
      delayMs: () => this.#options.faults.strike('delay', scope)?.ms ?? 0,
      onConnect: (packet) => {
        const user = parseUserName(packet.username ?? '');
        if (user === undefined) {
          connection.refuse(4, `the user name is neither DPS's nor a hub's: ${packet.username ?? ''}`);
          return undefined;
        }
        scope = scopeOf(user, services.hub);
        const proof: Proof = { password: packet.password?.toString('utf8'), chain: presentedChain(socket) };
        const handler = this.#admission.admit({ packet, user, scope, connection, proof, services });
        return handler === undefined ? undefined : this.#track({ connection, scope }, handler);
      },
    });
  }

  /** Keeps an accepted connection in reach of the faults for as long as it lasts. */
  #track(open: Open, handler: PacketHandler): PacketHandler {
    this.#open.add(open);
    return {
      packet: (packet) => {
        handler.packet(packet);
      },
      ended: (reason, orderly) => {
        this.#open.delete(open);
        handler.ended(reason, orderly);
      },
    };
  }
}

/** Resolves when it takes no more connections and has none left. */
function closed(server: Server | undefined): Promise<void> {
  if (server === undefined) return Promise.resolve();
  return new Promise((resolve) => {
    server.close(() => {
      resolve();
    });
  });
}
