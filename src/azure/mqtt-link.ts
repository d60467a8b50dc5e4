import mqtt from 'mqtt';
import type { IClientOptions, MqttClient } from 'mqtt';
import type { Clock } from '../lib/clock.ts';
import { withDeadline } from '../lib/deadline.ts';
import type { Line } from './dial.ts';

export interface LinkOptions {
  /** How long everything up to CONNACK may take together, in milliseconds. */
  readonly connectTimeoutMs: number;
  /** Interval of MQTT pings, in milliseconds: silence is noticed between one and two of it. */
  readonly keepAliveMs: number;
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

/** What mqtt.js has and its types leave out. */
type RawClient = MqttClient & { readonly outgoing: Record<string, unknown> };

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
  #error: Error | undefined;
  #wasOpen = false;
  #answered = false;

  /** @param options the connect timeout is what the line has left of it, for the CONNACK */
  constructor(options: LinkOptions, line: Line) {
    this.#options = options;
    this.#line = line;
    this.closed = this.#watch();
  }

  /** The service has answered CONNECT, in whatever way: it can be reached. */
  get answered(): boolean {
    return this.#answered;
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
    client.once('connect', () => {
      this.#wasOpen = true;
      this.#answered = true;
    });
    return client;
  }

  #start(options: IClientOptions): RawClient {
    const { connectTimeoutMs, keepAliveMs } = this.#options;
    return new mqtt.MqttClient(() => this.#line.stream, {
      ...options,
      connectTimeout: connectTimeoutMs,
      keepalive: Math.max(1, Math.round(keepAliveMs / 1000)),
    }) as RawClient;
  }

  /**
   * Ends the connection, politely if nothing waits for an acknowledgement (an MQTT client that has to wait for one may
   * never end, azure-node-sdk.md 1.4), by force otherwise. Never rejects.
   */
  async close(clock: Clock): Promise<void> {
    const client = this.#client;
    if (client?.connected === true && Object.keys(client.outgoing).length === 0) {
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
