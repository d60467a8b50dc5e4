import type { IConnectPacket } from 'mqtt-packet';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { Proof } from './attestation.ts';
import type { ConnectionLog } from './connection-log.ts';
import { authenticate } from './device.ts';
import type { HubVerdict } from './device.ts';
import { DeviceStore } from './device-store.ts';
import type { StoredDevice } from './device-store.ts';
import { describeDevice } from './device-view.ts';
import type { FaultBook } from './faults.ts';
import { HubSession } from './hub-session.ts';
import type { AfterMessage, HubSessionHost } from './hub-session.ts';
import type { Journal } from './journal.ts';
import type { JsonObject, JsonValue } from './json.ts';
import { maxMessageBytes, readMessage } from './message.ts';
import type { DeviceMessage, Telemetry } from './message.ts';
import { MethodCalls } from './method-calls.ts';
import type { MethodRequest, MethodResult } from './method-calls.ts';
import type { MqttConnection, PacketHandler } from './mqtt-connection.ts';
import { Throttle } from './throttle.ts';
import { serviceTime } from './timestamp.ts';
import { eventsTopic } from './topics.ts';
import type { UserName } from './user-name.ts';

export interface HubOptions {
  readonly name: string;
  readonly port: number;
  /** Names under which devices may address this hub, in lower case; `name` among them. */
  readonly hostNames: readonly string[];
  readonly clock: Clock;
  readonly log: Log;
  readonly faults: FaultBook;
  readonly connections: ConnectionLog;
  readonly messages: Journal<DeviceMessage>;
  /** The next sequence number of a message, over all hubs. */
  readonly nextSequence: () => number;
  readonly graceMs: number;
  /** PEM of every uploaded CA certificate. */
  readonly authorities: () => readonly string[];
  /** Something that must survive a restart has changed. */
  readonly changed: () => void;
}

const quotaExceeded = 'fault: the quota is exceeded (403002)';

type HubUser = Extract<UserName, { service: 'hub' }>;

/** One IoT Hub: its devices, who of them is connected, and what passes between them and the service. */
export class Hub implements HubSessionHost {
  readonly name: string;
  readonly port: number;
  readonly store: DeviceStore;
  readonly #options: HubOptions;
  readonly #sessions = new Map<string, HubSession>();
  readonly #calls: MethodCalls;
  readonly #throttle: Throttle;
  #time = { ms: NaN, text: '' };

  constructor(options: HubOptions) {
    this.name = options.name;
    this.port = options.port;
    this.#options = options;
    this.#calls = new MethodCalls(options.clock);
    this.#throttle = new Throttle(options.clock);
    this.store = new DeviceStore(options.name, options.clock, {
      changed: options.changed,
      revoked: (deviceId, reason) => this.#sessions.get(deviceId)?.close(reason),
      desired: (deviceId, patch) => this.#sessions.get(deviceId)?.tellDesired(patch),
      queued: (deviceId) => this.#sessions.get(deviceId)?.deliver(),
    });
  }

  /** How many devices are connected. */
  get connected(): number {
    return this.#sessions.size;
  }

  isConnected(deviceId: string): boolean {
    return this.#sessions.has(deviceId);
  }

  /** A CONNECT whose user name is a hub's. Refuses it with CONNACK 5, or starts the session and ends an older one. */
  connect(
    packet: IConnectPacket,
    user: HubUser,
    proof: Proof,
    connection: MqttConnection,
  ): PacketHandler | undefined {
    const { deviceId } = user;
    const verdict = this.#judge(packet, user, proof);
    if (!verdict.accepted) {
      this.#refuse(packet, deviceId, connection, 5, verdict.reason);
      return;
    }
    this.#sessions.get(deviceId)?.close('replaced by a newer connection of the same device');

    const persistent = packet.clean === false;
    const restored = persistent ? this.#restoreSession(deviceId) : undefined;
    if (!persistent) this.store.purge(deviceId);
    this.store.keepSession(deviceId, persistent ? (restored ?? {}) : undefined, user.modelId);
    const session = new HubSession({
      deviceId,
      connection,
      host: this,
      authentication: verdict.method,
      modelId: user.modelId,
      persistent,
      subscriptions: restored ?? {},
    });
    const id = this.#logStart(packet, deviceId, connection, restored !== undefined, verdict.method);
    this.#sessions.set(deviceId, session);
    connection.expireAt(verdict.expiresAtMs);
    connection.send({ cmd: 'connack', returnCode: 0, sessionPresent: restored !== undefined });
    session.deliver();
    this.listens();
    this.#checkQuota(session);
    return {
      packet: (next) => {
        session.packet(next);
      },
      ended: (reason, orderly) => {
        session.ended(reason, orderly);
        this.#options.connections.ended(id, this.time(), reason);
        if (!orderly && packet.will !== undefined) this.#publishWill(session, packet.will);
      },
    };
  }

  accept(session: HubSession, telemetry: Telemetry): boolean {
    const device = this.store.find(session.deviceId);
    const message = readMessage(telemetry, {
      hub: this.name,
      deviceId: session.deviceId,
      generationId: device?.identity.generationId ?? '',
      authentication: session.authentication,
      modelId: session.modelId,
      enqueuedTime: this.time(),
    });
    if (message.bytes > maxMessageBytes) return false;
    this.#options.messages.push({ sequence: this.#options.nextSequence(), ...message });
    return true;
  }

  refusal(session: HubSession, body: Buffer): string | undefined {
    const scope = { service: 'hub', hub: this.name, device: session.deviceId } as const;
    const fault = this.#options.faults.find('refuse-message', scope);
    if (fault !== undefined && body.includes(fault.contains)) {
      this.#options.faults.strike('refuse-message', scope);
      return 'fault: the message is refused';
    }
    const quota = this.#options.faults.strike('quota-exceeded', scope);
    return quota === undefined ? undefined : quotaExceeded;
  }

  afterMessage(session: HubSession): AfterMessage {
    const scope = { service: 'hub', hub: this.name, device: session.deviceId } as const;
    const drop = this.#options.faults.find('drop-after-messages', scope);
    if (drop !== undefined && session.messages >= drop.messages) {
      this.#options.faults.strike('drop-after-messages', scope);
      return { kind: 'drop', reason: `fault: dropped after ${session.messages} messages` };
    }
    if (this.#options.faults.strike('swallow-pubacks', scope) !== undefined) return { kind: 'swallow' };
    const throttle = this.#options.faults.strike('throttle', scope);
    return throttle === undefined ? { kind: 'acknowledge' } : this.#throttle.take(throttle);
  }

  twinFault(session: HubSession, operation: 'get' | 'patch'): number | undefined {
    const scope = { service: 'hub', hub: this.name, device: session.deviceId, operation } as const;
    return this.#options.faults.strike('twin-error', scope)?.status;
  }

  /** Calls a direct method. Throws a ServiceError: 404 when the device is not there to hear, 504 when it is silent. */
  async invoke(deviceId: string, request: MethodRequest, signal: AbortSignal): Promise<MethodResult> {
    this.store.get(deviceId);
    return await this.#calls.call(request, signal, (rid) => {
      const session = this.#sessions.get(deviceId);
      if (session?.isSubscribed('methods') !== true) return false;
      session.callMethod(request.methodName, rid, request.payload);
      return true;
    });
  }

  listens(): void {
    this.#calls.listenerCame();
  }

  methodResponse(rid: string, status: number, payload: JsonValue | undefined): void {
    this.#calls.answered(rid, { status, payload: payload ?? null });
  }

  ended(session: HubSession, reason: string): void {
    if (this.#sessions.get(session.deviceId) === session) this.#sessions.delete(session.deviceId);
    this.#options.log.info({ hub: this.name, device: session.deviceId, reason }, 'disconnected');
  }

  /** The device as the service API shows it. */
  describe(device: StoredDevice): JsonObject {
    const { deviceId } = device.identity;
    const messages = this.store.deliverable(deviceId).length;
    return describeDevice(device, { connected: this.isConnected(deviceId), messages });
  }

  /** Whether a device is who it says, by what it brought to CONNECT or to an HTTPS request. */
  judgeDevice(deviceId: string, proof: Proof): HubVerdict {
    return authenticate(this.store.find(deviceId)?.identity, proof, {
      hostNames: this.#options.hostNames,
      authorities: this.#options.authorities(),
      now: this.#options.clock.now(),
      graceMs: this.#options.graceMs,
    });
  }

  time(): string {
    const ms = this.#options.clock.now().getTime();
    // Many messages come within a millisecond, and to write the time costs as much as to read one's body.
    if (ms !== this.#time.ms) this.#time = { ms, text: serviceTime(new Date(ms)) };
    return this.#time.text;
  }

  #judge(packet: IConnectPacket, user: HubUser, proof: Proof): HubVerdict {
    if (user.moduleId !== undefined) return { accepted: false, reason: 'modules are not served' };
    if (packet.clientId !== user.deviceId) {
      return { accepted: false, reason: `the client ID ${packet.clientId} is not the device ID` };
    }
    const { will } = packet;
    if (will !== undefined && (will.qos === 2 || !will.topic.startsWith(eventsTopic(user.deviceId)))) {
      return { accepted: false, reason: `the will is not one the hub takes: ${will.topic}` };
    }
    if (!this.#options.hostNames.includes(user.host.toLowerCase())) {
      return { accepted: false, reason: `${user.host} is not this hub` };
    }
    return this.judgeDevice(user.deviceId, proof);
  }

  #restoreSession(deviceId: string): StoredDevice['session'] {
    const scope = { service: 'hub', hub: this.name, device: deviceId } as const;
    const lost = this.#options.faults.strike('lose-session', scope) !== undefined;
    return lost ? undefined : this.store.find(deviceId)?.session;
  }

  #refuse(
    packet: IConnectPacket,
    device: string,
    connection: MqttConnection,
    code: number,
    reason: string,
  ): PacketHandler | undefined {
    const id = this.#logStart(packet, device, connection, false, undefined, code);
    connection.refuse(code, reason);
    this.#options.connections.ended(id, this.time(), reason);
    this.#options.log.info({ hub: this.name, device, code, reason }, 'connection refused');
    return undefined;
  }

  #logStart(
    packet: IConnectPacket,
    device: string,
    connection: MqttConnection,
    sessionPresent: boolean,
    authentication: 'sas' | 'x509' | undefined,
    refused?: number,
  ): number {
    if (refused === undefined)
      this.#options.log.info({ hub: this.name, device, authentication }, 'connected');
    return this.#options.connections.started({
      service: 'hub',
      hub: this.name,
      device,
      remoteAddress: connection.remoteAddress,
      connectedAt: this.time(),
      clean: packet.clean ?? true,
      sessionPresent,
      keepAlive: packet.keepalive ?? 0,
      ...(authentication === undefined ? {} : { authentication }),
      ...(refused === undefined ? {} : { refused }),
    });
  }

  /** The hub takes the connection, and ends it soon (protocol.md 3.8; how soon is not known). */
  #checkQuota(session: HubSession): void {
    const scope = { service: 'hub', hub: this.name, device: session.deviceId } as const;
    const quota = this.#options.faults.strike('quota-exceeded', scope);
    if (quota === undefined) return;
    session.connection.after(quota.afterMs, () => {
      session.close(quotaExceeded);
    });
  }

  #publishWill(session: HubSession, will: NonNullable<IConnectPacket['will']>): void {
    const bag = will.topic.slice(eventsTopic(session.deviceId).length);
    const body = Buffer.isBuffer(will.payload) ? will.payload : Buffer.from(will.payload);
    this.accept(session, { bag, body, retain: will.retain ?? false, isWill: true });
  }
}
