import type { IPublishPacket, ISubscribePacket, IUnsubscribePacket } from 'mqtt-packet';
import type { QueuedMessage } from './cloud-to-device.ts';
import type { DeviceStore } from './device-store.ts';
import { parseJson } from './json.ts';
import type { JsonObject, JsonValue } from './json.ts';
import { maxMessageBytes } from './message.ts';
import type { Telemetry } from './message.ts';
import { maxMethodBytes } from './method-calls.ts';
import type { MqttConnection, PacketHandler, ServedPacket } from './mqtt-connection.ts';
import { hubErrorBody, ServiceError } from './service-error.ts';
import {
  desiredTopic,
  cloudToDeviceTopic,
  methodTopic,
  parseHubFilter,
  parseHubTopic,
  twinResponseTopic,
} from './topics.ts';
import type { HubFeed } from './topics.ts';
import { deviceView } from './twin.ts';

/** What a session needs of its hub. */
export interface HubSessionHost {
  readonly store: DeviceStore;
  /** Keeps a message; `false` when it is larger than allowed. */
  accept(session: HubSession, telemetry: Telemetry): boolean;
  /** Why a fault has this message refused; `undefined`: none does. */
  refusal(session: HubSession, body: Buffer): string | undefined;
  /** What a fault says about the message that has just come. */
  afterMessage(session: HubSession): AfterMessage;
  /** The status with which a fault wants this twin operation answered. */
  twinFault(session: HubSession, operation: 'get' | 'patch'): number | undefined;
  /** The session can be called now: it has subscribed. */
  listens(): void;
  methodResponse(rid: string, status: number, payload: JsonValue | undefined): void;
  ended(session: HubSession, reason: string, orderly: boolean): void;
  time(): string;
}

/** `throttled`: it is acknowledged later. */
export type AfterMessage =
  | { readonly kind: 'acknowledge' | 'swallow' }
  | { readonly kind: 'throttled'; readonly waitMs: number }
  | { readonly kind: 'drop'; readonly reason: string };

export interface HubSessionOptions {
  readonly deviceId: string;
  readonly connection: MqttConnection;
  readonly host: HubSessionHost;
  readonly authentication: 'sas' | 'x509';
  readonly modelId: string | undefined;
  readonly persistent: boolean;
  readonly subscriptions: Readonly<Partial<Record<HubFeed, 0 | 1>>>;
}

/** A device's connection to its hub, from CONNACK to the end: one exists for as long as the connection does. */
export class HubSession implements PacketHandler {
  readonly deviceId: string;
  readonly authentication: 'sas' | 'x509';
  readonly modelId: string | undefined;
  /** How many messages the connection has brought. */
  messages = 0;
  readonly #connection: MqttConnection;
  readonly #host: HubSessionHost;
  readonly #persistent: boolean;
  #subscriptions: Partial<Record<HubFeed, 0 | 1>>;
  /** Cloud-to-device messages sent and not yet acknowledged, by MQTT message ID. */
  readonly #inFlight = new Map<number, QueuedMessage>();

  constructor(options: HubSessionOptions) {
    this.deviceId = options.deviceId;
    this.authentication = options.authentication;
    this.modelId = options.modelId;
    this.#connection = options.connection;
    this.#host = options.host;
    this.#persistent = options.persistent;
    this.#subscriptions = { ...options.subscriptions };
  }

  get connection(): MqttConnection {
    return this.#connection;
  }

  isSubscribed(feed: HubFeed): boolean {
    return this.#subscriptions[feed] !== undefined;
  }

  close(reason: string): void {
    this.#connection.close(reason);
  }

  packet(packet: ServedPacket): void {
    switch (packet.cmd) {
      case 'publish':
        this.#publish(packet);
        break;
      case 'subscribe':
        this.#subscribe(packet);
        break;
      case 'unsubscribe':
        this.#unsubscribe(packet);
        break;
      case 'puback':
        this.#acknowledged(packet.messageId ?? 0);
        break;
    }
  }

  ended(reason: string, orderly: boolean): void {
    this.#host.ended(this, reason, orderly);
  }

  /** Sends what is queued and not already on its way, oldest first. */
  deliver(): void {
    const qos = this.#subscriptions['cloud-to-device'];
    if (qos === undefined) return;
    const sent = new Set(this.#inFlight.values());
    for (const message of this.#host.store.deliverable(this.deviceId)) {
      if (sent.has(message)) continue;
      const topic = cloudToDeviceTopic(this.deviceId, message.bag);
      const messageId = this.#connection.publish(topic, Buffer.from(message.bodyBase64, 'base64'), qos);
      if (qos === 0) this.#host.store.complete(this.deviceId, message);
      else this.#inFlight.set(messageId, message);
    }
  }

  /** Tells the device a desired patch. Without a subscription it is not told, now or later. */
  tellDesired(patch: JsonObject): void {
    const version = typeof patch['$version'] === 'number' ? patch['$version'] : 0;
    this.#feed('desired', desiredTopic(version), JSON.stringify(patch));
  }

  callMethod(method: string, rid: string, payload: JsonValue | undefined): void {
    this.#feed('methods', methodTopic(method, rid), payload === undefined ? '' : JSON.stringify(payload));
  }

  #feed(feed: HubFeed, topic: string, payload: string): void {
    const qos = this.#subscriptions[feed];
    if (qos !== undefined) this.#connection.publish(topic, payload, qos);
  }

  #publish(packet: IPublishPacket): void {
    if (packet.qos === 2) {
      this.close('QoS 2 is not served');
      return;
    }
    const request = parseHubTopic(packet.topic, this.deviceId);
    if (request === undefined) {
      this.close(`not a topic of this device: ${packet.topic.slice(0, 128)}`);
      return;
    }
    const body = Buffer.isBuffer(packet.payload) ? packet.payload : Buffer.from(packet.payload);
    if (request.kind === 'event') {
      this.#event(packet, { bag: request.bag, body, retain: packet.retain, isWill: false });
      return;
    }
    if (request.kind === 'method-response' && body.length > maxMethodBytes) {
      this.close(`the answer of a method is larger than ${maxMethodBytes} bytes`);
      return;
    }
    this.#puback(packet);
    const payload = parseJson(body.toString('utf8'));
    switch (request.kind) {
      case 'twin-get':
        this.#answerTwin('get', request.rid, () => [200, undefined, JSON.stringify(this.#view())]);
        break;
      case 'twin-patch':
        this.#answerTwin('patch', request.rid, () => {
          const twin = this.#host.store.report(this.deviceId, payload, request.version);
          return [204, twin.reported.version, ''];
        });
        break;
      case 'method-response':
        this.#host.methodResponse(request.rid, request.status, payload);
        break;
    }
  }

  #event(packet: IPublishPacket, telemetry: Telemetry): void {
    this.messages += 1;
    const refusal = this.#host.refusal(this, telemetry.body);
    if (refusal !== undefined) {
      this.close(refusal);
      return;
    }
    if (!this.#host.accept(this, telemetry)) {
      this.close(`the message is larger than ${maxMessageBytes} bytes`);
      return;
    }
    const next = this.#host.afterMessage(this);
    if (next.kind === 'drop') this.close(next.reason);
    else if (next.kind === 'acknowledge') this.#puback(packet);
    else if (next.kind === 'throttled')
      this.#connection.after(next.waitMs, () => {
        this.#puback(packet);
      });
  }

  #puback({ qos, messageId }: IPublishPacket): void {
    if (qos === 1 && messageId !== undefined) this.#connection.send({ cmd: 'puback', messageId });
  }

  #view(): JsonObject {
    return deviceView(this.#host.store.get(this.deviceId).twin);
  }

  /** Every error has a body with `errorCode`: the Node SDK looks at nothing else (protocol.md 3.5). */
  #answerTwin(
    operation: 'get' | 'patch',
    rid: string,
    work: () => readonly [status: number, version: number | undefined, body: string],
  ): void {
    const status = this.#host.twinFault(this, operation);
    if (status !== undefined) {
      const message = `fault: the twin answers ${status}`;
      this.#twinResponse(status, rid, undefined, hubErrorBody(status * 1000, message, this.#host.time()));
      return;
    }
    try {
      const [done, version, body] = work();
      this.#twinResponse(done, rid, version, body);
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      this.#twinResponse(
        error.status,
        rid,
        undefined,
        hubErrorBody(error.code, error.message, this.#host.time()),
      );
    }
  }

  #twinResponse(status: number, rid: string, version: number | undefined, body: string): void {
    this.#feed('twin-responses', twinResponseTopic(status, rid, version), body);
  }

  #subscribe(packet: ISubscribePacket): void {
    const granted = packet.subscriptions.map(({ topic, qos }) => {
      const feed = parseHubFilter(topic, this.deviceId);
      if (feed === undefined) return 0x80;
      const grantedQos = qos === 0 ? 0 : 1;
      this.#subscriptions[feed] = grantedQos;
      return grantedQos;
    });
    this.#keep();
    this.#connection.send({ cmd: 'suback', messageId: packet.messageId ?? 0, granted });
    this.deliver();
    this.#host.listens();
  }

  #unsubscribe(packet: IUnsubscribePacket): void {
    const ended = new Set(packet.unsubscriptions.map((filter) => parseHubFilter(filter, this.deviceId)));
    this.#subscriptions = Object.fromEntries(
      Object.entries(this.#subscriptions).filter(([feed]) => !ended.has(feed as HubFeed)),
    );
    this.#keep();
    this.#connection.send({ cmd: 'unsuback', messageId: packet.messageId ?? 0 });
  }

  #keep(): void {
    if (this.#persistent) this.#host.store.keepSession(this.deviceId, { ...this.#subscriptions });
  }

  #acknowledged(messageId: number): void {
    const message = this.#inFlight.get(messageId);
    if (message === undefined) return;
    this.#inFlight.delete(messageId);
    this.#host.store.complete(this.deviceId, message);
  }
}
