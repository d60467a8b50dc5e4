import { once } from 'node:events';
import { connect as connectPlain, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { IPublishPacket, MqttClient } from 'mqtt5';
import type { MqttBroker } from '../../config/inputs/mqtt-input.ts';
import type { Clock } from '../../lib/clock.ts';
import { untilAborted, withDeadline } from '../../lib/deadline.ts';
import type { Secret } from '../../lib/secret.ts';
import { KeepaliveTimer } from './mqtt-keepalive.ts';

export interface MqttSettings {
  readonly broker: MqttBroker;
  readonly filters: readonly string[];
  readonly qos: 0 | 1;
  readonly clientId: string;
  readonly cleanSession: boolean;
  readonly keepAliveMs: number;
  readonly username: string | undefined;
  readonly password: Secret | undefined;
  /** PEM texts; absent: the authorities that Node.js knows. */
  readonly trusted: readonly string[] | undefined;
  readonly clientCertificate: { readonly certificate: string; readonly privateKey: string } | undefined;
}

export interface MqttMessage {
  readonly topic: string;
  readonly payload: Buffer;
  readonly retained: boolean;
}

/** Resolves when the message may be acknowledged and the next may come. */
export type TakeMessage = (message: MqttMessage) => Promise<void>;

const openTimeoutMs = 20_000;
const closeTimeoutMs = 1_000;

/**
 * Connects and asks for the topics. Rejects, with nothing left open, when that fails or takes more than 20 s. Messages
 * may come before it resolves: those that the broker has kept.
 */
export async function openMqttConnection(
  settings: MqttSettings,
  clock: Clock,
  take: TakeMessage,
  signal: AbortSignal,
): Promise<MqttConnection> {
  const doing = `cannot connect to the broker at ${inWords(settings.broker)}`;
  const late = new Error(`${doing}: no answer within ${openTimeoutMs / 1000} s`);
  // Loaded here, so that an agent without such an input does not pay for it; and only the client, since the whole of the
  // package brings WebSockets and SOCKS along.
  const { default: client } = await import('mqtt5/lib/client');
  // What a CommonJS module's default is, the bundle and tsx do not agree on.
  const Client = 'default' in client ? client.default : client;
  return withDeadline(clock, openTimeoutMs, late, signal, async (scope) => {
    const socket = openSocket(settings);
    const destroy = (): void => {
      socket.destroy();
    };
    scope.addEventListener('abort', destroy, { once: true });
    try {
      await untilAborted(once(socket, settings.broker.tls ? 'secureConnect' : 'connect'), scope);
      const connection = new MqttConnection(Client, socket, settings, clock, take);
      await untilAborted(Promise.race([connection.accepted, connection.ended]), scope);
      connection.subscribe();
      scope.removeEventListener('abort', destroy);
      return connection;
    } catch (cause) {
      destroy();
      throw scope.aborted ? cause : new Error(doing, { cause });
    }
  });
}

/**
 * One connection, from CONNECT to its end. Messages are taken one after the other, and while one is being taken nothing
 * is read, so that the broker holds back or drops what it has for this client.
 */
export class MqttConnection {
  /** Resolves when the broker has accepted the client. */
  readonly accepted: Promise<void>;
  /** Rejects when the connection is over, with the reason; never resolves. */
  readonly ended: Promise<never>;
  readonly #client: MqttClient;
  readonly #socket: Socket;
  readonly #settings: MqttSettings;
  readonly #clock: Clock;
  readonly #take: TakeMessage;
  #fail: (error: Error) => void = () => undefined;
  /** The message that is being taken. */
  #taking: Promise<void> | undefined;
  #closing = false;

  constructor(
    Client: typeof MqttClient,
    socket: Socket,
    settings: MqttSettings,
    clock: Clock,
    take: TakeMessage,
  ) {
    this.#socket = socket;
    this.#settings = settings;
    this.#clock = clock;
    this.#take = take;
    this.ended = new Promise((_, reject) => {
      this.#fail = reject;
    });
    // Who waits for it hears of it; if nobody waits any more, nobody needs to.
    this.ended.catch(() => undefined);
    this.#client = this.#begun(Client);
    this.accepted = new Promise((resolve) => {
      this.#client.once('connect', () => {
        resolve();
      });
    });
  }

  /** A refusal ends the connection. That there is no answer because it has ended is not the reason why it has. */
  subscribe(): void {
    const { filters, qos } = this.#settings;
    this.#client.subscribe([...filters], { qos }, (error) => {
      if (error !== null)
        this.#fail(new Error(`cannot subscribe to ${filters.join(', ')}`, { cause: error }));
    });
  }

  /** Lets the message that is being taken be acknowledged, says goodbye and closes; after 1 s each, without. */
  async close(): Promise<void> {
    this.#closing = true;
    if (this.#taking !== undefined) await this.#atMost(this.#taking);
    if (!this.#socket.destroyed && this.#client.connected) await this.#atMost(this.#client.endAsync());
    this.#client.end(true);
    this.#socket.destroy();
  }

  #begun(Client: typeof MqttClient): MqttClient {
    const { clientId, cleanSession, keepAliveMs, username, password } = this.#settings;
    const client = new Client(() => this.#socket, {
      clientId,
      clean: cleanSession,
      keepalive: Math.ceil(keepAliveMs / 1000),
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password: password.reveal() }),
      protocolVersion: 4,
      reconnectPeriod: 0,
      resubscribe: false,
      // The deadline is the clock's; this one must only not be sooner.
      connectTimeout: 2 * openTimeoutMs,
      timerVariant: new KeepaliveTimer(this.#clock, () => this.#pingsWhileTaking()),
      // Its own log has passwords in it.
      log: () => undefined,
    });
    client.handleMessage = (packet, done) => {
      this.#received(packet, done);
    };
    let reason: Error | undefined;
    client.on('error', (error) => {
      reason ??= error;
    });
    client.on('close', () => {
      this.#fail(reason ?? new Error('the broker has closed the connection'));
    });
    return client;
  }

  /** What is not taken is not acknowledged: the broker sends it again, if it keeps the session. */
  #received({ topic, payload, retain }: IPublishPacket, done: () => void): void {
    if (this.#closing) return;
    const message = { topic, payload: Buffer.from(payload), retained: retain };
    const taking = this.#take(message);
    this.#taking = taking.then(
      () => {
        this.#taking = undefined;
        if (this.#socket.destroyed) return;
        done();
        this.#client.reschedulePing(true);
      },
      (error: unknown) => {
        this.#taking = undefined;
        this.#fail(error instanceof Error ? error : new Error(String(error)));
      },
    );
  }

  /** The answers cannot be read now; the pings still tell the broker that this client lives. */
  #pingsWhileTaking(): boolean {
    if (this.#taking === undefined) return false;
    this.#client.sendPing();
    return true;
  }

  async #atMost(promise: Promise<void>): Promise<void> {
    const late = new Error('it took too long');
    const never = new AbortController().signal;
    await withDeadline(this.#clock, closeTimeoutMs, late, never, () => promise).catch(() => undefined);
  }
}

/** For messages: `mqtts://broker.example:8883`. */
export function inWords({ tls, host, port }: MqttBroker): string {
  return `${tls ? 'mqtts' : 'mqtt'}://${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
}

function openSocket({ broker, trusted, clientCertificate }: MqttSettings): Socket {
  const { tls, host, port } = broker;
  const socket = tls
    ? connectTls({
        host,
        port,
        ...(isIP(host) === 0 ? { servername: host } : {}),
        ...(trusted === undefined ? {} : { ca: [...trusted] }),
        ...(clientCertificate === undefined
          ? {}
          : { cert: clientCertificate.certificate, key: clientCertificate.privateKey }),
      })
    : connectPlain({ host, port });
  // Whoever waits for something hears of an error himself; between two waits nobody would.
  socket.on('error', () => undefined);
  return socket;
}
