import type { Duplex } from 'node:stream';
import { parser as createParser, writeToStream } from 'mqtt-packet';
import type {
  IConnectPacket,
  IPubackPacket,
  IPublishPacket,
  ISubscribePacket,
  IUnsubscribePacket,
  Packet,
} from 'mqtt-packet';
import type { Clock } from '../lib/clock.ts';
import { describeError } from '../lib/errors.ts';

/** What a client may send that is not the connection's own affair. Anything else ends it. */
export type ServedPacket = IPublishPacket | IPubackPacket | ISubscribePacket | IUnsubscribePacket;

/** What stands behind a connection once its CONNECT has been seen. */
export interface PacketHandler {
  packet(packet: ServedPacket): void;
  /** Called once, after the socket has closed. `orderly` when the client sent DISCONNECT first. */
  ended(reason: string, orderly: boolean): void;
}

/** Decides on a CONNECT: returns the handler for what follows, or `undefined` when it has closed the connection. */
export type ConnectHandler = (
  packet: IConnectPacket,
  connection: MqttConnection,
) => PacketHandler | undefined;

export interface ConnectionOptions {
  /** A socket, or what stands for one. */
  readonly stream: Duplex;
  readonly remoteAddress: string;
  readonly clock: Clock;
  readonly onConnect: ConnectHandler;
  /** How long to wait before sending this packet; asked for every packet. */
  readonly delayMs: () => number;
}

/** From TLS established to CONNECT. */
const connectTimeoutMs = 30_000;
/** Keep-alive times 1.5, but never longer than 29.45 minutes, which is also what 0 means (protocol.md 3.2). */
const maxKeepAliveMs = 1_767_000;
/** A packet larger than any the services take: body, properties and topic of a message with some room. */
const maxPacketBytes = 512 * 1024;
/** What may wait for a client that does not read. */
const maxUnsentBytes = 8 * 1024 * 1024;

/**
 * One MQTT 3.1.1 connection on a stream: framing, the order of packets, keep-alive, deadlines, the end. What the
 * packets mean is the handler's affair.
 */
export class MqttConnection {
  readonly remoteAddress: string;
  readonly #stream: Duplex;
  readonly #clock: Clock;
  readonly #onConnect: ConnectHandler;
  readonly #delayMs: () => number;
  readonly #gone = new AbortController();
  #deadline = new AbortController();
  #handler: PacketHandler | undefined;
  #lastPacket: number;
  #idleLimitMs = connectTimeoutMs;
  #expiresAtMs: number | undefined;
  #silent = false;
  #orderly = false;
  #reason: string | undefined;
  #sending: Promise<void> | undefined;
  #nextMessageId = 1;
  #isReading = false;
  /** PUBACKs that leave when what has come in one piece has been read. */
  #acknowledgements: number[] = [];

  constructor(options: ConnectionOptions) {
    this.#stream = options.stream;
    this.#clock = options.clock;
    this.#onConnect = options.onConnect;
    this.#delayMs = options.delayMs;
    this.#lastPacket = this.#clock.monotonic();
    this.remoteAddress = options.remoteAddress;
    this.#read();
    void this.#watch();
  }

  /** The client has gone silent or been made to: nothing more is read, answered or enforced. */
  get silent(): boolean {
    return this.#silent;
  }

  /** Sends a packet, in order. After the end, or while silent, it is dropped. */
  send(packet: Packet): void {
    if (this.#silent) return;
    const delay = this.#delayMs();
    if (delay === 0 && this.#sending === undefined) {
      this.#write(packet);
      return;
    }
    const sending = (this.#sending ?? Promise.resolve()).then(() => this.#sendLater(packet, delay));
    this.#sending = sending;
    void sending.then(() => {
      if (this.#sending === sending) this.#sending = undefined;
    });
  }

  /** Publishes to the client. Returns the packet's message ID, which is 0 at QoS 0. */
  publish(topic: string, payload: string | Buffer, qos: 0 | 1, dup = false): number {
    const messageId = qos === 0 ? 0 : this.#takeMessageId();
    this.send({
      cmd: 'publish',
      topic,
      payload,
      qos,
      dup,
      retain: false,
      ...(qos === 0 ? {} : { messageId }),
    });
    return messageId;
  }

  /** Refuses the CONNECT with this code and closes. */
  refuse(returnCode: number, reason: string): void {
    this.send({ cmd: 'connack', returnCode, sessionPresent: false });
    this.#reason ??= reason;
    void (this.#sending ?? Promise.resolve()).then(() => {
      this.#endSoon();
    });
  }

  /** Drops the connection at once, as the services do. The first reason given is the one that counts. */
  close(reason: string): void {
    this.#reason ??= reason;
    this.#stream.destroy();
  }

  /** Does so in so many milliseconds, unless the connection has ended by then. */
  after(ms: number, work: () => void): void {
    void this.#doLater(ms, work);
  }

  /** From now on nothing is read or sent and nothing enforced; the socket stays open. */
  goSilent(): void {
    this.#silent = true;
  }

  /** The connection ends at this wall-clock time: the token has expired by then. */
  expireAt(ms: number | undefined): void {
    this.#expiresAtMs = ms;
    this.#rearm();
  }

  #read(): void {
    const parser = createParser({ protocolVersion: 4 });
    parser.on('packet', (packet: Packet) => {
      if (!this.#silent && this.#reason === undefined) this.#receive(packet);
    });
    parser.on('error', (error: unknown) => {
      this.close(`malformed packet: ${describeError(error)}`);
    });
    this.#stream.on('data', (chunk: Buffer) => {
      if (this.#silent || this.#reason !== undefined) return;
      this.#lastPacket = this.#clock.monotonic();
      this.#isReading = true;
      if (parser.parse(chunk) > maxPacketBytes) this.close('the packet is too large');
      this.#isReading = false;
      this.#writeAcknowledgements();
    });
    this.#stream.on('error', (error) => {
      this.#reason ??= `socket error: ${describeError(error)}`;
    });
    this.#stream.on('end', () => {
      this.#reason ??= this.#orderly ? 'the client disconnected' : 'the client closed the connection';
    });
    this.#stream.on('close', () => {
      this.#end();
    });
  }

  #receive(packet: Packet): void {
    if (this.#handler === undefined) this.#first(packet);
    else if (packet.cmd === 'pingreq') this.send({ cmd: 'pingresp' });
    else if (packet.cmd === 'disconnect') this.#disconnect();
    else if (isServed(packet)) this.#serve(packet, this.#handler);
    else this.close(`${packet.cmd.toUpperCase()} is not served`);
  }

  /** The parser lets packets pass that end too early; what could be answered to them is none that can be written. */
  #serve(packet: ServedPacket, handler: PacketHandler): void {
    if (isWhole(packet)) handler.packet(packet);
    else this.close(`malformed packet: ${packet.cmd.toUpperCase()} ends too early`);
  }

  #first(packet: Packet): void {
    if (packet.cmd !== 'connect') {
      this.close(`${packet.cmd.toUpperCase()} before CONNECT`);
    } else if (packet.protocolVersion !== 4) {
      this.refuse(1, `MQTT version ${packet.protocolVersion ?? '?'}: only 3.1.1 is served`);
    } else {
      this.#idleLimitMs = keepAliveMs(packet.keepalive ?? 0);
      this.#handler = this.#onConnect(packet, this);
      this.#rearm();
    }
  }

  #disconnect(): void {
    this.#orderly = true;
    this.close('the client disconnected');
  }

  /** What was written goes out first; then both directions end. */
  #endSoon(): void {
    this.#stream.end(() => {
      this.#stream.destroy();
    });
  }

  async #doLater(ms: number, work: () => void): Promise<void> {
    try {
      await this.#clock.sleep(ms, this.#gone.signal);
      work();
    } catch (error) {
      if (!this.#gone.signal.aborted) throw error;
    }
  }

  async #sendLater(packet: Packet, delayMs: number): Promise<void> {
    await this.#doLater(delayMs, () => {
      this.#write(packet);
    });
  }

  #write(packet: Packet): void {
    if (this.#silent) return;
    if (packet.cmd === 'puback' && this.#isReading) {
      this.#acknowledgements.push(packet.messageId ?? 0);
      return;
    }
    this.#writeAcknowledgements();
    if (!this.#stream.writable) return;
    writeToStream(packet, this.#stream);
    this.#boundUnsent();
  }

  /** In one piece: a write for each would cost a fifth of all that a message costs. */
  #writeAcknowledgements(): void {
    if (this.#acknowledgements.length === 0) return;
    const packetIds = this.#acknowledgements;
    this.#acknowledgements = [];
    if (this.#silent || !this.#stream.writable) return;
    this.#stream.write(pubacks(packetIds));
    this.#boundUnsent();
  }

  #boundUnsent(): void {
    if (this.#stream.writableLength > maxUnsentBytes) this.close('the client does not read');
  }

  /** One loop a connection for every deadline it has, so that a packet costs no timer. */
  async #watch(): Promise<void> {
    while (!this.#gone.signal.aborted) {
      const left = this.#leftMs();
      if (left.ms <= 0) {
        this.close(left.reason);
        return;
      }
      const { signal } = this.#deadline;
      try {
        await this.#clock.sleep(Math.min(left.ms, maxKeepAliveMs), signal);
      } catch (error) {
        if (!signal.aborted) throw error;
      }
    }
  }

  /** A deadline has changed: the loop looks again. */
  #rearm(): void {
    const earlier = this.#deadline;
    this.#deadline = new AbortController();
    earlier.abort(new Error('the deadline has changed'));
  }

  #leftMs(): { readonly ms: number; readonly reason: string } {
    if (this.#silent) return { ms: Infinity, reason: '' };
    const idle = this.#lastPacket + this.#idleLimitMs - this.#clock.monotonic();
    const token = (this.#expiresAtMs ?? Infinity) - this.#clock.now().getTime();
    if (token < idle) return { ms: token, reason: 'the token has expired' };
    return { ms: idle, reason: this.#handler === undefined ? 'no CONNECT in time' : 'keep-alive timeout' };
  }

  #end(): void {
    this.#gone.abort(new Error('the connection has ended'));
    this.#rearm();
    this.#handler?.ended(this.#reason ?? 'the connection was lost', this.#orderly);
  }

  #takeMessageId(): number {
    const messageId = this.#nextMessageId;
    this.#nextMessageId = messageId === 0xffff ? 1 : messageId + 1;
    return messageId;
  }
}

function keepAliveMs(seconds: number): number {
  return seconds === 0 ? maxKeepAliveMs : Math.min(seconds * 1500, maxKeepAliveMs);
}

/** MQTT 3.1.1, 3.4. */
function pubacks(packetIds: readonly number[]): Buffer {
  const bytes = Buffer.allocUnsafe(packetIds.length * 4);
  packetIds.forEach((packetId, index) => {
    bytes.writeUInt32BE(0x4002_0000 + packetId, index * 4);
  });
  return bytes;
}

/** MQTT 3.1.1, 2.3.1 and 3.8.3: whatever is answered has a packet ID that is not 0, and asks for something. */
function isWhole(packet: ServedPacket): boolean {
  if (packet.cmd === 'publish' && packet.qos === 0) return true;
  if ((packet.messageId ?? 0) < 1) return false;
  return packet.cmd !== 'subscribe' || packet.subscriptions.length > 0;
}

function isServed(packet: Packet): packet is ServedPacket {
  return ['publish', 'puback', 'subscribe', 'unsubscribe'].includes(packet.cmd);
}
