import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect as connectPlain, isIP } from 'node:net';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { MqttClient } from 'mqtt5';
import type { MessagePublish } from '../config/messages-schema.ts';
import type { SecretSource } from '../config/secret-source.ts';
import type { Clock } from '../lib/clock.ts';
import { untilAborted, withDeadline } from '../lib/deadline.ts';
import type { Secret } from '../lib/secret.ts';
import type { MessageContent } from './cloud-message.ts';
import { Hopeless, NotNow } from './handler.ts';
import type { Handler } from './handler.ts';

export interface PublisherHost {
  readonly clock: Clock;
  readonly secrets: { read(source: SecretSource): Promise<Secret> };
}

/** From the first packet to the broker's acknowledgement. */
const timeoutMs = 20_000;

/**
 * Publishes the body to a broker, at QoS 1 and over a connection of its own: messages are rare, and a connection kept
 * for them would have to be watched. Handled when the broker has acknowledged; what goes wrong on the way is not the
 * message's fault.
 */
export class MqttPublisher implements Handler {
  readonly isRisky = false;
  readonly #publish: MessagePublish;
  readonly #host: PublisherHost;

  constructor(publish: MessagePublish, host: PublisherHost) {
    this.#publish = publish;
    this.#host = host;
  }

  async handle(message: MessageContent, signal: AbortSignal): Promise<undefined> {
    const topic = topicFor(this.#publish.topic, message);
    const { tls, host, port } = this.#publish.broker;
    const doing = `cannot publish to ${tls ? 'mqtts' : 'mqtt'}://${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
    const late = new Error(`there was no answer within ${timeoutMs / 1000} s`);
    try {
      await withDeadline(this.#host.clock, timeoutMs, late, signal, (scope) =>
        this.#send(topic, message.body, scope),
      );
    } catch (cause) {
      throw new NotNow(doing, { cause });
    }
  }

  async #send(topic: string, body: Buffer, signal: AbortSignal): Promise<void> {
    const { retain } = this.#publish;
    const socket = await this.#socket();
    try {
      await untilAborted(once(socket, this.#publish.broker.tls ? 'secureConnect' : 'connect'), signal);
      const client = await this.#client(socket);
      const ended = endOf(client);
      const accepted = new Promise((resolve) => client.once('connect', resolve));
      await untilAborted(Promise.race([accepted, ended]), signal);
      // That there is no acknowledgement because the connection has ended is not the reason why it has.
      const acknowledged = client.publishAsync(topic, body, { qos: 1, retain }).catch(() => ended);
      await untilAborted(Promise.race([acknowledged, ended]), signal);
      await untilAborted(Promise.race([client.endAsync(), ended.catch(() => undefined)]), signal);
    } finally {
      socket.destroy();
    }
  }

  async #client(socket: Socket): Promise<MqttClient> {
    const { username, password } = this.#publish;
    const secret = password === undefined ? undefined : await this.#host.secrets.read(password);
    // Loaded here, so that an agent without such a rule does not pay for it; and only the client (see the mqtt input).
    const { default: client } = await import('mqtt5/lib/client');
    const Client = 'default' in client ? client.default : client;
    return new Client(() => socket, {
      // 23 characters are what every broker must take (MQTT 3.1.1, 3.1.3.1).
      clientId: `dps-agent-${randomUUID().slice(-12)}`,
      clean: true,
      keepalive: 0,
      ...(username === undefined ? {} : { username }),
      ...(secret === undefined ? {} : { password: secret.reveal() }),
      protocolVersion: 4,
      reconnectPeriod: 0,
      // The deadline is the clock's; this one must only not be sooner.
      connectTimeout: 2 * timeoutMs,
      // Its own log has passwords in it.
      log: () => undefined,
    });
  }

  async #socket(): Promise<Socket> {
    const { broker, trustedCerts, clientCertificate } = this.#publish;
    const { tls, host, port } = broker;
    const trusted = await Promise.all(trustedCerts.map(readPem));
    const identity = clientCertificate && {
      cert: await readPem(clientCertificate.certificate),
      key: await readPem(clientCertificate.privateKey),
    };
    const socket = tls
      ? connectTls({
          host,
          port,
          ...(isIP(host) === 0 ? { servername: host } : {}),
          ...(trusted.length === 0 ? {} : { ca: trusted }),
          ...identity,
        })
      : connectPlain({ host, port });
    // Whoever waits for something hears of an error himself; between two waits nobody would.
    socket.on('error', () => undefined);
    return socket;
  }
}

/** Rejects when the connection ends; never resolves. */
function endOf(client: MqttClient): Promise<never> {
  const ended = new Promise<never>((_, reject) => {
    let reason: Error | undefined;
    client.on('error', (error) => {
      reason ??= error;
    });
    client.on('close', () => {
      reject(reason ?? new Error('the broker has closed the connection'));
    });
  });
  ended.catch(() => undefined);
  return ended;
}

/** What a property puts into a topic must not make another topic of it. */
function topicFor(pattern: string, { properties }: MessageContent): string {
  return pattern.replaceAll(/\{([^{}]+)\}/g, (_, name: string) => {
    const value = Object.hasOwn(properties, name) ? properties[name] : undefined;
    const doing = `cannot make a topic of ${pattern}`;
    if (value === undefined || value === '')
      throw new Hopeless(`${doing}: the message has no property ${JSON.stringify(name)}`);
    if (/[+#/]/.test(value) || value.includes('\0') || value.length > 256)
      throw new Hopeless(`${doing}: the property ${JSON.stringify(name)} is not one level of a topic`);
    return value;
  });
}

async function readPem(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new Error(`cannot read ${path}`, { cause });
  }
}
