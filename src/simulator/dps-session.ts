import type { IPublishPacket, ISubscribePacket } from 'mqtt-packet';
import type { Claim } from './attestation.ts';
import type { Dps, DpsAnswer } from './dps.ts';
import type { MqttConnection, PacketHandler, ServedPacket } from './mqtt-connection.ts';
import { dpsResponseFilter, dpsResponseTopic, parseDpsTopic } from './topics.ts';

export interface DpsSessionOptions {
  readonly claim: Claim;
  readonly connection: MqttConnection;
  readonly dps: Dps;
  readonly onEnded: (reason: string) => void;
}

/** A device's connection to DPS. Nothing of it outlives the connection (protocol.md 1.2). */
export class DpsSession implements PacketHandler {
  readonly #options: DpsSessionOptions;
  #subscribedQos: 0 | 1 | undefined;

  constructor(options: DpsSessionOptions) {
    this.#options = options;
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
        if (packet.unsubscriptions.includes(dpsResponseFilter)) this.#subscribedQos = undefined;
        this.#options.connection.send({ cmd: 'unsuback', messageId: packet.messageId ?? 0 });
        break;
      case 'puback':
        break;
    }
  }

  ended(reason: string): void {
    this.#options.onEnded(reason);
  }

  #publish(packet: IPublishPacket): void {
    const { connection, dps, claim } = this.#options;
    const request = parseDpsTopic(packet.topic);
    if (request === undefined || packet.qos === 2) {
      connection.close(`not a request to DPS: ${packet.topic.slice(0, 128)} at QoS ${packet.qos}`);
      return;
    }
    if (packet.qos === 1 && packet.messageId !== undefined) {
      connection.send({ cmd: 'puback', messageId: packet.messageId });
    }
    const answer =
      request.kind === 'register'
        ? dps.register(claim, Buffer.from(packet.payload))
        : dps.poll(claim.registrationId, request.operationId);
    if (answer !== undefined) this.#answer(request.rid, answer);
  }

  #answer(rid: string, { status, retryAfter, body }: DpsAnswer): void {
    if (this.#subscribedQos === undefined) return;
    const topic = dpsResponseTopic(status, rid, retryAfter);
    this.#options.connection.publish(topic, JSON.stringify(body), this.#subscribedQos);
  }

  #subscribe(packet: ISubscribePacket): void {
    const granted = packet.subscriptions.map(({ topic, qos }) => {
      if (topic !== dpsResponseFilter) return 0x80;
      this.#subscribedQos = qos === 0 ? 0 : 1;
      return this.#subscribedQos;
    });
    this.#options.connection.send({ cmd: 'suback', messageId: packet.messageId ?? 0, granted });
  }
}
