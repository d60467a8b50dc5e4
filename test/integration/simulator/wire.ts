import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { connect } from 'node:tls';
import type { TLSSocket } from 'node:tls';
import { generate, parser as createParser } from 'mqtt-packet';
import type { IConnackPacket, IConnectPacket, IPublishPacket, Packet } from 'mqtt-packet';
import type { Credential } from '../../../src/certificates/certificate.ts';
import type { Simulator } from '../../../src/simulator/simulator.ts';
import { deadline, whenOver } from './support.ts';

type PacketOf<Cmd extends Packet['cmd']> = Extract<Packet, { cmd: Cmd }>;

/** A client made of single packets, for what no SDK would send. */
export class Wire {
  readonly #socket: TLSSocket;
  readonly #received: Packet[] = [];
  #wake = (): void => undefined;
  /** However it ends. */
  readonly closed: Promise<unknown>;

  constructor(socket: TLSSocket) {
    this.#socket = socket;
    const parser = createParser({ protocolVersion: 4 });
    parser.on('packet', (packet) => {
      this.#received.push(packet);
      this.#wake();
    });
    socket.on('data', (chunk: Buffer) => parser.parse(chunk));
    socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => socket.once('close', resolve));
  }

  static async open(t: TestContext, simulator: Simulator, port: number, proof?: Credential): Promise<Wire> {
    const socket = connect({
      host: '127.0.0.1',
      port,
      servername: 'localhost',
      ca: simulator.caPem,
      ...(proof === undefined ? {} : { cert: proof.certificatePem, key: proof.privateKeyPem }),
    });
    whenOver(t, () => socket.destroy());
    await once(socket, 'secureConnect', { signal: deadline() });
    return new Wire(socket);
  }

  send(packet: Packet): void {
    this.#socket.write(generate(packet));
  }

  /** Raw bytes, malformed if need be. */
  sendBytes(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  publish(topic: string, payload: string | Buffer, extra: Partial<IPublishPacket> = {}): void {
    this.send({ cmd: 'publish', topic, payload, qos: 0, dup: false, retain: false, ...extra });
  }

  async subscribe(...filters: (readonly [filter: string, qos: 0 | 1 | 2])[]): Promise<unknown> {
    const subscriptions = filters.map(([topic, qos]) => ({ topic, qos }));
    this.send({ cmd: 'subscribe', messageId: 7, subscriptions });
    return (await this.next('suback')).granted;
  }

  /** The next packet of this kind; those of other kinds stay for later. */
  async next<Cmd extends Packet['cmd']>(cmd: Cmd): Promise<PacketOf<Cmd>> {
    const signal = deadline();
    for (;;) {
      const index = this.#received.findIndex((packet) => packet.cmd === cmd);
      if (index >= 0) return this.#received.splice(index, 1)[0] as PacketOf<Cmd>;
      await new Promise<void>((resolve, reject) => {
        this.#wake = resolve;
        signal.addEventListener('abort', () => {
          reject(new Error(`cannot go on: no ${cmd} came`));
        });
        this.#socket.once('close', () => {
          reject(new Error(`cannot go on: closed before a ${cmd} came`));
        });
      });
    }
  }

  /** What has come and not been taken. */
  get pending(): readonly Packet[] {
    return this.#received;
  }

  async connect(packet: Partial<IConnectPacket> & { readonly clientId: string }): Promise<IConnackPacket> {
    this.send({
      cmd: 'connect',
      protocolId: 'MQTT',
      protocolVersion: 4,
      clean: false,
      keepalive: 60,
      ...packet,
    });
    return await this.next('connack');
  }

  /** The roundtrip that proves that everything sent before has been seen. */
  async ping(): Promise<void> {
    this.send({ cmd: 'pingreq' });
    await this.next('pingresp');
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

export function sasToken(resource: string, key: string, expiry: number, keyName?: string): string {
  const sr = encodeURIComponent(resource);
  const sig = createHmac('sha256', Buffer.from(key, 'base64')).update(`${sr}\n${expiry}`).digest('base64');
  const skn = keyName === undefined ? '' : `&skn=${keyName}`;
  return `SharedAccessSignature sr=${sr}&sig=${encodeURIComponent(sig)}&se=${expiry}${skn}`;
}

export const inAnHour = (): number => Math.floor(Date.now() / 1000) + 3600;

export interface HubConnect extends Partial<Omit<IConnectPacket, 'password'>> {
  readonly hub?: number;
  /** Seconds since 1970. */
  readonly expiry?: number;
}

/** Connects a device with its key as a hub wants it; the CONNACK is the caller's to judge. */
export async function connectToHub(
  t: TestContext,
  simulator: Simulator,
  deviceId: string,
  key: string,
  { hub = 0, expiry = inAnHour(), ...packet }: HubConnect = {},
): Promise<{ readonly wire: Wire; readonly connack: IConnackPacket }> {
  const { name, port } = simulator.hubs[hub] ?? { name: '', port: 0 };
  const wire = await Wire.open(t, simulator, port);
  const connack = await wire.connect({
    clientId: deviceId,
    username: `${name}/${deviceId}/?api-version=2021-04-12`,
    password: Buffer.from(sasToken(`${name}/devices/${deviceId}`, key, expiry)),
    ...packet,
  });
  return { wire, connack };
}

/** Connects to DPS with a symmetric key; the CONNACK is the caller's to judge. */
export async function connectToDps(
  t: TestContext,
  simulator: Simulator,
  registrationId: string,
  key: string,
  scopeId = simulator.scopeId,
): Promise<{ readonly wire: Wire; readonly connack: IConnackPacket }> {
  const wire = await Wire.open(t, simulator, simulator.dps.port);
  const connack = await wire.connect({
    clientId: registrationId,
    clean: true,
    username: `${scopeId}/registrations/${registrationId}/api-version=2019-03-31`,
    password: Buffer.from(
      sasToken(`${scopeId}/registrations/${registrationId}`, key, inAnHour(), 'registration'),
    ),
  });
  return { wire, connack };
}
