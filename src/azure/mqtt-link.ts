import mqtt from 'mqtt';
import { writeToStream } from 'mqtt-packet';
import type { IClientOptions, IPublishPacket, MqttClient } from 'mqtt';
import { ChurnMap } from '../lib/churn.ts';
import { afterThisTurn } from '../lib/clock.ts';
import type { Clock } from '../lib/clock.ts';
import { withDeadline } from '../lib/deadline.ts';
import type { Hop, Line } from './dial.ts';
import { PubackTap } from './puback-tap.ts';
import { PacketPieces, publishPackets } from './publish-packet.ts';
import type { Publish } from './publish-packet.ts';

export interface LinkOptions {
  /** How long everything up to CONNACK may take together, in milliseconds. */
  readonly connectTimeoutMs: number;
  /** Interval of MQTT pings, in milliseconds: silence is noticed between one and two of it. */
  readonly keepAliveMs: number;
  /** Called as each hop is behind us, up to the CONNACK that accepts. */
  readonly onHop?: ((hop: Hop) => void) | undefined;
}

/** How a connection ended, as seen at the socket: the SDK hides it (azure-node-sdk.md 1.2). */
export interface LinkEnd {
  /** The CONNACK came and accepted. */
  readonly wasOpen: boolean;
  /** The first error of socket, TLS or CONNACK, if there was one. */
  readonly error?: Error | undefined;
  /** The server said goodbye (FIN); otherwise the connection was given up on this side. */
  readonly byServer: boolean;
}

/** A publish at QoS 1 that is not acknowledged before it is said so. */
export interface HeldPublish {
  readonly topic: string;
  readonly payload: Buffer;
  /** At any later time; the connection may have ended since. */
  readonly acknowledge: () => void;
}

/** Which publishes are held, and who is given them. */
export interface HoldBack {
  isHeld(topic: string): boolean;
  take(held: HeldPublish): void;
}

/** What mqtt.js has and its types leave out. */
type RawClient = MqttClient & {
  readonly outgoing: Record<string, unknown>;
  readonly messageIdProvider: { allocate(): number };
};

/** How long a server may take to end the connection after DISCONNECT before it is cut, in milliseconds. */
const politeCloseMs = 1000;

/**
 * One raw MQTT connection on a line that has been dialled, handed to the SDK as its `mqtt` provider. It sets what the
 * SDK gives no option for, records how the connection really ended, and can be killed at any moment.
 */
export class MqttLink {
  /** Resolves when the socket has closed, however that came about; never rejects. */
  readonly closed: Promise<LinkEnd>;
  readonly #options: LinkOptions;
  readonly #line: Line;
  #client: RawClient | undefined;
  #holdBack: HoldBack | undefined;
  #error: Error | undefined;
  #wasOpen = false;
  #answered = false;
  /** What leaves with the end of this turn. */
  readonly #leaving: Publish[] = [];
  readonly #pieces = new PacketPieces();
  /** What waits for its acknowledgement, by packet identifier. */
  readonly #published = new ChurnMap<number, () => void>();

  /** @param options the connect timeout is what the line has left of it, for the CONNACK */
  constructor(options: LinkOptions, line: Line) {
    // mqtt.js would make a Buffer of each of 65,536 numbers and keep them: 6 MB for a moment saved.
    writeToStream.cacheNumbers = false;
    this.#options = options;
    this.#line = line;
    this.closed = this.#watch();
  }

  /** The service has answered CONNECT, in whatever way: it can be reached. */
  get answered(): boolean {
    return this.#answered;
  }

  /** From now on these publishes are acknowledged by who takes them, and not by mqtt.js as they come. */
  holdBack(holdBack: HoldBack): void {
    this.#holdBack = holdBack;
  }

  /** Called by the SDK's MqttBase in place of mqtt.connect, once. */
  connect(_uri: string, options: IClientOptions): MqttClient {
    if (this.#client !== undefined || this.#line.socket.destroyed)
      throw new Error('cannot connect again: a link is for one connection');
    const client = this.#start(options);
    this.#client = client;
    client.on('error', (error: Error) => {
      this.#error ??= error;
      // Only a return code of CONNACK is a number.
      if ('code' in error && typeof error.code === 'number') this.#answered = true;
    });
    client.handleMessage = (packet, done) => {
      // mqtt.js goes on with the next packet then, and sends no PUBACK for one that it is told has failed.
      if (packet.cmd === 'publish' && this.#isTaken(packet)) done(new Error('acknowledged later'));
      else done();
    };
    client.once('connect', () => {
      this.#wasOpen = true;
      this.#answered = true;
      this.#options.onHop?.('connack');
    });
    return client;
  }

  /**
   * Sends with QoS 1 and calls back when the server has acknowledged; never, when the connection ends before. For a link
   * that is open. It does without mqtt.js, which keeps and copies each message to send it again on a connection that will
   * not come; and what is sent while packets from the server are handled leaves in one write.
   */
  publish(topic: string, payload: string | Buffer, acknowledged: () => void): void {
    const { stream } = this.#line;
    if (this.#client === undefined || !stream.writable) return;
    const packetId = this.#client.messageIdProvider.allocate();
    this.#published.set(packetId, acknowledged);
    this.#leaving.push({ topic, payload, packetId });
    if (this.#leaving.length > 1) return;
    afterThisTurn(() => {
      for (const piece of publishPackets(this.#leaving.splice(0), this.#pieces))
        if (stream.writable)
          stream.write(piece, () => {
            this.#pieces.giveBack(piece);
          });
    });
  }

  /** Returns whether it was published here. */
  #acknowledgedBy(packetId: number): boolean {
    const acknowledged = this.#published.get(packetId);
    if (acknowledged === undefined) return false;
    this.#published.delete(packetId);
    acknowledged();
    return true;
  }

  #isTaken({ topic, payload, qos, messageId }: IPublishPacket): boolean {
    if (this.#holdBack?.isHeld(topic) !== true) return false;
    this.#holdBack.take({
      topic,
      // The packet may be a piece of a larger read, which must not be kept for it.
      payload: Buffer.from(payload),
      acknowledge: () => {
        if (qos === 1 && messageId !== undefined) this.#acknowledge(messageId);
      },
    });
    return true;
  }

  /** PUBACK (MQTT 3.1.1, 3.4). mqtt.js writes each packet within one turn, so this one stands between two of them. */
  #acknowledge(packetId: number): void {
    const { stream } = this.#line;
    if (stream.writable) stream.write(Buffer.from([0x40, 2, packetId >> 8, packetId & 0xff]));
  }

  #start(options: IClientOptions): RawClient {
    const { connectTimeoutMs, keepAliveMs } = this.#options;
    return new mqtt.MqttClient(() => this.#tapped(), {
      ...options,
      connectTimeout: connectTimeoutMs,
      keepalive: Math.max(1, Math.round(keepAliveMs / 1000)),
    }) as RawClient;
  }

  /** What is published here is acknowledged here, too. mqtt.js reads a stream by piping it, and in no other way. */
  #tapped(): Line['stream'] {
    const { stream } = this.#line;
    const tap = new PubackTap((packetId) => this.#acknowledgedBy(packetId));
    const pipe = stream.pipe.bind(stream);
    stream.pipe = (reader) => pipe(tap).pipe(reader);
    return stream;
  }

  /**
   * Ends the connection, politely if nothing waits for an acknowledgement (an MQTT client that has to wait for one may
   * never end, azure-node-sdk.md 1.4), by force otherwise. Never rejects.
   */
  async close(clock: Clock): Promise<void> {
    const client = this.#client;
    const isQuiet = this.#published.size === 0 && Object.keys(client?.outgoing ?? {}).length === 0;
    if (client?.connected === true && isQuiet) {
      client.end(false);
      await this.#closedWithin(politeCloseMs, clock);
    }
    this.kill();
  }

  /**
   * Destroys the socket. Callbacks of whatever was in flight are told by the SDK as it sees the connection close.
   * `reason` becomes the end's error if the connection was still whole: what the SDK says of one that is already broken
   * is a consequence, not the cause.
   */
  kill(reason?: Error): void {
    const { stream, socket } = this.#line;
    if (!socket.destroyed) this.#error ??= reason;
    socket.destroy();
    stream.destroy();
    // A graceful end waits for acknowledgements that now never come.
    if (this.#client?.disconnecting === true) this.#client.emit('outgoingEmpty');
  }

  async #closedWithin(ms: number, clock: Clock): Promise<void> {
    const late = new Error('the server did not end the connection in time');
    await withDeadline(clock, ms, late, new AbortController().signal, () => this.closed).catch(
      (error: unknown) => {
        if (error !== late) throw error;
      },
    );
  }

  #watch(): Promise<LinkEnd> {
    const { stream, socket } = this.#line;
    let byServer = false;
    const onError = (thrown: Error): void => {
      this.#error ??= thrown;
    };
    stream.on('error', onError);
    socket.on('error', onError);
    socket.on('end', () => {
      byServer = true;
    });
    return new Promise((resolve) => {
      const onClose = (): void => {
        stream.destroy();
        resolve({ wasOpen: this.#wasOpen, error: this.#error, byServer });
      };
      if (socket.closed) onClose();
      else socket.once('close', onClose);
    });
  }
}
