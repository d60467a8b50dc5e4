import type { RequestListener } from 'node:http';
import type { IConnectPacket } from 'mqtt-packet';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { Proof } from './attestation.ts';
import type { ConnectionLog, ConnectionStart } from './connection-log.ts';
import { DpsSession } from './dps-session.ts';
import type { Dps } from './dps.ts';
import type { FaultBook, FaultScope } from './faults.ts';
import type { Hub } from './hub.ts';
import type { MqttConnection, PacketHandler } from './mqtt-connection.ts';
import { serviceTime } from './timestamp.ts';
import type { UserName } from './user-name.ts';

export interface AdmissionOptions {
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
  /** HTTPS requests that are not for WebSockets. */
  readonly requests: RequestListener;
}

/** A CONNECT, and all that is needed to decide on it. */
export interface Attempt {
  readonly packet: IConnectPacket;
  readonly user: UserName;
  readonly scope: FaultScope;
  readonly connection: MqttConnection;
  readonly proof: Proof;
  readonly services: Services;
}

/** Decides on every CONNECT: faults first, then DPS or the hub. */
export class Admission {
  readonly #options: AdmissionOptions;

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  /** The handler for what follows; `undefined` when the CONNECT has been refused. */
  admit(attempt: Attempt): PacketHandler | undefined {
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
    return handler;
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

  #refuse(attempt: Attempt, code: number, reason: string): void {
    const { connections, clock, log } = this.#options;
    const id = connections.started({ ...this.#startRecord(attempt), refused: code });
    attempt.connection.refuse(code, reason);
    connections.ended(id, serviceTime(clock.now()), reason);
    log.info({ ...attempt.scope, code, reason }, 'connection refused');
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

/** Where the faults find it. */
export function scopeOf(user: UserName, hub: Hub): FaultScope {
  return user.service === 'dps'
    ? { service: 'dps', hub: hub.name, device: user.registrationId }
    : { service: 'hub', hub: hub.name, device: user.deviceId };
}
