import { constants, X509Certificate } from 'node:crypto';
import type { AddressInfo, Socket } from 'node:net';
import { createServer } from 'node:tls';
import type { DetailedPeerCertificate, Server, TLSSocket } from 'node:tls';
import type { IConnectPacket } from 'mqtt-packet';
import type { Credential } from '../certificates/certificate.ts';
import type { Clock } from '../lib/clock.ts';
import { describeError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import type { Proof } from './attestation.ts';
import type { ConnectionLog, ConnectionStart } from './connection-log.ts';
import { DpsSession } from './dps-session.ts';
import type { Dps } from './dps.ts';
import type { FaultBook, FaultScope } from './faults.ts';
import type { Hub } from './hub.ts';
import { ListenError } from './listen-error.ts';
import { MqttConnection } from './mqtt-connection.ts';
import type { PacketHandler } from './mqtt-connection.ts';
import { serviceTime } from './timestamp.ts';
import { parseUserName } from './user-name.ts';
import type { UserName } from './user-name.ts';
import type { PresentedChain } from './x509.ts';

export interface GatewayOptions {
  readonly host: string;
  readonly credential: Credential;
  readonly clock: Clock;
  readonly log: Log;
  readonly faults: FaultBook;
  readonly connections: ConnectionLog;
}

/** What a port leads to. */
export interface Services {
  readonly hub: Hub;
  /** On the first port only: DPS shares it with the first hub. */
  readonly dps: Dps | undefined;
}

/** How long a TLS handshake may take. */
const handshakeTimeoutMs = 30_000;

/** A CONNECT, and all that is needed to decide on it. */
interface Attempt {
  readonly packet: IConnectPacket;
  readonly user: UserName;
  readonly scope: FaultScope;
  readonly connection: MqttConnection;
  readonly proof: Proof;
  readonly services: Services;
}

interface Open {
  readonly connection: MqttConnection;
  readonly scope: FaultScope;
}

/** One port: TLS in, MQTT connections out, each handed to DPS or to the hub by its user name. */
export class Gateway {
  readonly #options: GatewayOptions;
  readonly #sockets = new Set<Socket>();
  readonly #open = new Set<Open>();
  #server: Server | undefined;
  #services: Services | undefined;
  #port = 0;

  constructor(options: GatewayOptions) {
    this.#options = options;
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
      await new Promise<void>((resolve, reject) => {
        server.once('error', (error: Error) => {
          reject(new ListenError(this.#options.host, port, error));
        });
        server.listen({ port, host: this.#options.host, backlog: 1024 }, resolve);
      });
    } catch (error) {
      this.#server = undefined;
      throw error;
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
    const server = this.#server;
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
    await Promise.all(gone);
    if (server !== undefined)
      await new Promise<void>((resolve) =>
        server.close(() => {
          resolve();
        }),
      );
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
      this.#secured(socket);
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

  #secured(socket: TLSSocket): void {
    const services = this.#services;
    if (services === undefined) {
      socket.destroy();
      return;
    }
    let scope: FaultScope = {};
    const connection: MqttConnection = new MqttConnection({
      socket,
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
        return this.#connect({ packet, user, scope, connection, proof, services });
      },
    });
  }

  #connect(attempt: Attempt): PacketHandler | undefined {
    const { packet, user, scope, connection, proof, services } = attempt;
    const refusal = this.#options.faults.strike('refuse-connect', scope);
    if (refusal !== undefined) {
      this.#refuse(attempt, refusal.code, `fault: CONNECT refused with ${refusal.code}`);
      return;
    }
    const silent = this.#options.faults.strike('go-silent', scope);
    if (silent?.connack === false) connection.goSilent();
    const handler =
      user.service === 'dps'
        ? this.#connectDps(attempt, user)
        : services.hub.connect(packet, user, proof, connection);
    if (silent !== undefined) connection.goSilent();
    return handler === undefined ? undefined : this.#track({ connection, scope }, handler);
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

  #connectDps(attempt: Attempt, user: Extract<UserName, { service: 'dps' }>): PacketHandler | undefined {
    const { packet, connection, proof, services } = attempt;
    const { dps } = services;
    if (dps?.scopeId.toLowerCase() !== user.scopeId.toLowerCase()) {
      this.#refuse(attempt, 3, `unknown ID scope ${user.scopeId}`);
      return;
    }
    if (packet.clientId.toLowerCase() !== user.registrationId.toLowerCase()) {
      this.#refuse(attempt, 2, `the client ID ${packet.clientId} is not the registration ID`);
      return;
    }
    const claim = { scopeId: dps.scopeId, registrationId: user.registrationId, proof };
    const refusal = dps.refusalAtConnect(claim);
    if (refusal !== undefined) {
      this.#refuse(attempt, 5, refusal);
      return;
    }

    const { clock, connections, log } = this.#options;
    const id = connections.started(this.#startRecord(attempt));
    log.info({ registrationId: user.registrationId }, 'connected to DPS');
    connection.send({ cmd: 'connack', returnCode: 0, sessionPresent: false });
    return new DpsSession({
      claim,
      connection,
      dps,
      onEnded: (reason) => {
        connections.ended(id, serviceTime(clock.now()), reason);
        log.info({ registrationId: user.registrationId, reason }, 'disconnected from DPS');
      },
    });
  }

  /** Always `undefined`: there is nothing to hand packets to. */
  #refuse(attempt: Attempt, code: number, reason: string): PacketHandler | undefined {
    const { connections, clock, log } = this.#options;
    const id = connections.started({ ...this.#startRecord(attempt), refused: code });
    attempt.connection.refuse(code, reason);
    connections.ended(id, serviceTime(clock.now()), reason);
    log.info({ ...attempt.scope, code, reason }, 'connection refused');
    return undefined;
  }

  #startRecord({ packet, scope, connection }: Attempt): ConnectionStart {
    return {
      service: scope.service ?? 'hub',
      hub: scope.hub ?? '',
      device: scope.device ?? '',
      remoteAddress: connection.remoteAddress,
      connectedAt: serviceTime(this.#options.clock.now()),
      clean: packet.clean ?? true,
      sessionPresent: false,
      keepAlive: packet.keepalive ?? 0,
    };
  }
}

function scopeOf(user: UserName, hub: Hub): FaultScope {
  return user.service === 'dps'
    ? { service: 'dps', hub: hub.name, device: user.registrationId }
    : { service: 'hub', hub: hub.name, device: user.deviceId };
}

/** What the client showed in the handshake, from its leaf upwards; each certificate once. */
function presentedChain(socket: TLSSocket): PresentedChain | undefined {
  const ders: Buffer[] = [];
  let next: Partial<DetailedPeerCertificate> | undefined = socket.getPeerCertificate(true);
  while (next?.raw !== undefined && !ders.some((der) => der.equals(next?.raw ?? der))) {
    ders.push(next.raw);
    next = next.issuerCertificate;
  }
  const [leaf, ...others] = ders.map((der) => new X509Certificate(der));
  return leaf === undefined ? undefined : [leaf, ...others];
}
