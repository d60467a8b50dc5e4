import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:tls';
import type { TLSSocket } from 'node:tls';
import { generate, parser as createParser } from 'mqtt-packet';
import type { IPublishPacket, Packet } from 'mqtt-packet';
import { createServerCertificate } from '../../src/certificates/certificate.ts';
import type { Scratch } from './scratch.ts';

/** A hub that believes every device and says whatever the test tells it to, as no real one would. */
export class BareHub {
  readonly caPem: string;
  readonly port: number;
  readonly received: IPublishPacket[] = [];
  /** Packet identifiers of what was delivered. */
  readonly acknowledged: number[] = [];
  /** What it does upon each message of the device, besides keeping it. */
  onReceived: (packet: IPublishPacket) => void = () => undefined;
  readonly #filters = new Set<string>();
  #device: TLSSocket | undefined;
  readonly #waiting = new Set<() => void>();

  constructor(caPem: string, port: number) {
    this.caPem = caPem;
    this.port = port;
  }

  static async start(scratch: Scratch): Promise<BareHub> {
    const [notBefore, notAfter] = [-1, 1].map((hours) => new Date(Date.now() + hours * 3_600_000)) as [
      Date,
      Date,
    ];
    const { certificatePem, privateKeyPem } = await createServerCertificate({
      commonName: 'localhost',
      names: ['localhost', '127.0.0.1'],
      validity: { notBefore, notAfter },
    });
    const sockets = new Set<TLSSocket>();
    const server = createServer({ cert: certificatePem, key: privateKeyPem }, (socket) => {
      sockets.add(socket);
      hub.#serve(socket);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const hub = new BareHub(certificatePem, (server.address() as AddressInfo).port);
    scratch.defer(async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    });
    return hub;
  }

  /** To the device that came last. */
  publish(topic: string, payload: string | Buffer): void {
    this.#device?.write(generate({ cmd: 'publish', topic, payload, qos: 0, dup: false, retain: false }));
  }

  /** Likewise, with QoS 1: the device has to acknowledge it. */
  deliver(topic: string, payload: string | Buffer, messageId: number): void {
    this.#device?.write(
      generate({ cmd: 'publish', topic, payload, messageId, qos: 1, dup: false, retain: false }),
    );
  }

  /** The connection of the device that came last is gone. */
  drop(): void {
    this.#device?.destroy();
  }

  async untilAcknowledged(messageId: number): Promise<void> {
    await this.#until(() => (this.acknowledged.includes(messageId) ? true : undefined));
  }

  /** The next message of the device that satisfies, or one that has come already. */
  untilReceived(wanted: (packet: IPublishPacket) => boolean): Promise<IPublishPacket> {
    return this.#until(() => this.received.find(wanted));
  }

  async untilSubscribed(filter: string): Promise<void> {
    await this.#until(() => (this.#filters.has(filter) ? true : undefined));
  }

  async #until<T>(look: () => T | undefined): Promise<T> {
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => {
          reject(
            new Error(
              `nothing of the kind within 5 s; the device has sent ${this.received.map(({ topic }) => topic).join()}`,
            ),
          );
        }, 5000);
        this.#waiting.add(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  #serve(socket: TLSSocket): void {
    this.#device = socket;
    const parser = createParser({ protocolVersion: 4 });
    parser.on('packet', (packet) => {
      this.#take(packet, socket);
    });
    socket.on('data', (chunk: Buffer) => parser.parse(chunk));
    socket.on('error', () => undefined);
  }

  #take(packet: Packet, socket: TLSSocket): void {
    if (packet.cmd === 'connect') {
      socket.write(generate({ cmd: 'connack', returnCode: 0, sessionPresent: false }));
    } else if (packet.cmd === 'subscribe') {
      const { messageId = 0, subscriptions } = packet;
      for (const { topic } of subscriptions) this.#filters.add(topic);
      socket.write(generate({ cmd: 'suback', messageId, granted: subscriptions.map(({ qos }) => qos) }));
    } else if (packet.cmd === 'pingreq') {
      socket.write(generate({ cmd: 'pingresp' }));
    } else if (packet.cmd === 'publish') {
      this.received.push(packet);
      this.onReceived(packet);
    } else if (packet.cmd === 'puback') {
      this.acknowledged.push(packet.messageId ?? 0);
    }
    this.#wake();
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }
}
