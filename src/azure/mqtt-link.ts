import type { Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import { connect } from 'mqtt';
import type { IClientOptions, MqttClient } from 'mqtt';
import type { Clock } from '../lib/clock.ts';
import { withDeadline } from '../lib/deadline.ts';

export interface LinkOptions {
  /** How long TCP, TLS and CONNACK together may take, in milliseconds. */
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
type RawClient = MqttClient & { readonly stream: Socket; readonly outgoing: Record<string, unknown> };

/** How long a server may take to end the connection after DISCONNECT before it is cut, in milliseconds. */
const politeCloseMs = 1000;

/** TCP's own probes, beside MQTT's: they also notice a peer that died before CONNACK. */
const tcpKeepAliveMs = 30_000;

/**
 * One raw MQTT connection, handed to the SDK as its `mqtt` provider. It sets what the SDK gives no option for, records
 * how the connection really ended, and can be killed at any moment.
 */
export class MqttLink {
  /** Resolves when the socket has closed, however that came about; never rejects. */
  readonly closed: Promise<LinkEnd>;
  readonly #options: LinkOptions;
  readonly #secureContext: SecureContext;
  #client: RawClient | undefined;
  #resolveClosed: (end: LinkEnd) => void = () => undefined;
  #killed = false;
  #error: Error | undefined;

  constructor(options: LinkOptions, secureContext: SecureContext) {
    this.#options = options;
    this.#secureContext = secureContext;
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
  }

  /** Called by the SDK's MqttBase in place of mqtt.connect, once. */
  connect(uri: string, options: IClientOptions): MqttClient {
    if (this.#client !== undefined || this.#killed)
      throw new Error('cannot connect again: a link is for one connection');
    try {
      this.#client = this.#start(uri, options);
    } catch (error) {
      // Key material that OpenSSL refuses throws here, before there is a socket.
      this.#resolveClosed({ wasOpen: false, error: error as Error, byServer: false });
      throw error;
    }
    this.#watch(this.#client);
    return this.#client;
  }

  #start(uri: string, options: IClientOptions): RawClient {
    const { connectTimeoutMs, keepAliveMs } = this.#options;
    return connect(uri, {
      ...options,
      connectTimeout: connectTimeoutMs,
      keepalive: Math.max(1, Math.round(keepAliveMs / 1000)),
      secureContext: this.#secureContext,
    } as IClientOptions) as RawClient;
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
    this.#killed = true;
    const client = this.#client;
    if (client?.stream.destroyed === false) this.#error ??= reason;
    if (client === undefined) {
      this.#resolveClosed({ wasOpen: false, byServer: false });
      return;
    }
    client.stream.destroy();
    // A graceful end waits for acknowledgements that now never come.
    if (client.disconnecting) client.emit('outgoingEmpty');
  }

  async #closedWithin(ms: number, clock: Clock): Promise<void> {
    const late = new Error('the server did not end the connection in time');
    await withDeadline(clock, ms, late, new AbortController().signal, () => this.closed).catch(
      (error: unknown) => {
        if (error !== late) throw error;
      },
    );
  }

  #watch(client: RawClient): void {
    let wasOpen = false;
    let byServer = false;
    const onError = (thrown: Error): void => {
      this.#error ??= thrown;
    };
    client.on('error', onError);
    client.once('connect', () => {
      wasOpen = true;
    });
    const socket = client.stream;
    socket.setKeepAlive(true, tcpKeepAliveMs);
    socket.on('error', onError);
    socket.on('end', () => {
      byServer = true;
    });
    socket.once('close', () => {
      this.#resolveClosed({ wasOpen, error: this.#error, byServer });
    });
  }
}
