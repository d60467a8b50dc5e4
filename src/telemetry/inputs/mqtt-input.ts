import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { MqttInputConfig } from '../../config/inputs/mqtt-input.ts';
import type { SecretSource } from '../../config/secret-source.ts';
import type { Clock } from '../../lib/clock.ts';
import { untilStopped } from '../../lib/deadline.ts';
import { describeError } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import type { Secret } from '../../lib/secret.ts';
import { ofComponent } from '../reading.ts';
import type { Reading } from '../reading.ts';
import { RepeatedWarning } from './repeated-warning.ts';
import type { HandOver, Input } from './input.ts';
import { inWords, openMqttConnection } from './mqtt-connection.ts';
import type { MqttConnection, MqttMessage, MqttSettings } from './mqtt-connection.ts';
import { payloadReadings } from './mqtt-payload.ts';
import { MqttTopics } from './mqtt-topics.ts';

export interface MqttHost {
  readonly clock: Clock;
  readonly log: Log;
  readonly secrets: { read(source: SecretSource): Promise<Secret> };
}

/** Larger payloads are dropped; a sensor has no need of them. */
export const maxPayloadBytes = 65_536;

/**
 * What is published to topics of a broker. With QoS 1 a message is acknowledged only when it was taken, so an agent that
 * is killed gets it again if the broker keeps the session (`clean_session: false`); otherwise what is published while
 * nobody is connected is lost, but for retained messages. `read` goes on until the connection ends, and rejects then.
 */
export class MqttInput implements Input {
  readonly name: string;
  readonly intervalMs = undefined;
  readonly #config: MqttInputConfig;
  readonly #host: MqttHost;
  readonly #log: Log;
  readonly #topics: MqttTopics;
  readonly #tooLarge: RepeatedWarning;
  readonly #unreadable: RepeatedWarning;
  readonly #misnamed: RepeatedWarning;

  constructor(config: MqttInputConfig, host: MqttHost) {
    this.name = config.name;
    this.#config = config;
    this.#host = host;
    this.#log = host.log.child({ input: config.name });
    this.#topics = new MqttTopics(config.topics);
    this.#tooLarge = new RepeatedWarning(host.clock, this.#log);
    this.#unreadable = new RepeatedWarning(host.clock, this.#log);
    this.#misnamed = new RepeatedWarning(host.clock, this.#log);
  }

  /** How many messages were dropped since the start, for whatever reason. */
  get dropped(): number {
    return this.#tooLarge.count + this.#unreadable.count + this.#misnamed.count;
  }

  async read(handOver: HandOver, signal: AbortSignal): Promise<void> {
    let connection: MqttConnection | undefined;
    try {
      const settings = await this.#settings();
      const take = (message: MqttMessage): Promise<void> => this.#take(message, handOver);
      connection = await openMqttConnection(settings, this.#host.clock, take, signal);
      this.#log.debug(`connected to the broker at ${inWords(this.#config.broker)}`);
      await handOver([]);
      await untilStopped(connection.ended, signal);
    } catch (cause) {
      if (signal.aborted) return;
      const broker = inWords(this.#config.broker);
      throw connection === undefined
        ? cause
        : new Error(`cannot go on with the broker at ${broker}`, { cause });
    } finally {
      await connection?.close();
      for (const warning of [this.#tooLarge, this.#unreadable, this.#misnamed]) warning.sayRest();
    }
  }

  async #take({ topic, payload, retained }: MqttMessage, handOver: HandOver): Promise<void> {
    if (retained && this.#config.ignoreRetained) return;
    const readings = this.#readings(topic, payload);
    if (readings.length > 0) await handOver(readings);
  }

  #readings(topic: string, payload: Buffer): readonly Reading[] {
    const shown = shownTopic(topic);
    if (payload.length > maxPayloadBytes) {
      const size = `${payload.length} bytes, and ${maxPayloadBytes} is the most`;
      this.#tooLarge.warn(`cannot take the message on ${shown}: it has ${size}`);
      return [];
    }
    const names = this.#topics.namesOf(topic);
    if (names === undefined) {
      // A session that the broker has kept may have subscriptions of an earlier configuration.
      this.#misnamed.warn(`cannot take the message on ${shown}: no filter of this input fits the topic`);
      return [];
    }
    const { component, value } = names;
    if (component !== undefined && !/^[A-Za-z][A-Za-z0-9_]{0,63}$/.test(component)) {
      this.#misnamed.warn(
        `cannot take the message on ${shown}: ${shownTopic(component)} is no component name`,
      );
      return [];
    }
    try {
      const readings = payloadReadings(payload, this.#config.format, value);
      return component === undefined ? readings : readings.map((reading) => ofComponent(reading, component));
    } catch (error) {
      this.#unreadable.warn(`cannot take the message on ${shown}: ${describeError(error)}`);
      return [];
    }
  }

  /** Secrets and files are read for each connection, so that they can be replaced. */
  async #settings(): Promise<MqttSettings> {
    const { broker, topics, qos, cleanSession, keepAliveMs, username, password } = this.#config;
    const { clientCertificate: files, trustedCerts } = this.#config;
    return {
      broker,
      filters: topics.map(({ filter }) => filter),
      qos,
      // 23 characters are what every broker must take (MQTT 3.1.1, 3.1.3.1).
      clientId: this.#config.clientId ?? `dps-agent-${randomUUID().slice(-12)}`,
      cleanSession,
      keepAliveMs,
      username,
      password: password === undefined ? undefined : await this.#host.secrets.read(password),
      trusted: trustedCerts.length === 0 ? undefined : await Promise.all(trustedCerts.map(readPem)),
      clientCertificate: files && {
        certificate: await readPem(files.certificate),
        privateKey: await readPem(files.privateKey),
      },
    };
  }
}

async function readPem(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new Error(`cannot read ${path}`, { cause });
  }
}

/** Quoted, so that control characters can do no harm in a log, and not too long. */
function shownTopic(topic: string): string {
  return JSON.stringify(topic.length > 100 ? `${topic.slice(0, 100)}…` : topic);
}
