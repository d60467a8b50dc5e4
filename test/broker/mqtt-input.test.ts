import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'node:test';
import mqttPacket from 'mqtt-packet';
import { createDeviceCertificate, createServerCertificate } from '../../src/certificates/certificate.ts';
import type { Credential } from '../../src/certificates/certificate.ts';
import { createTestAuthority, testOrganization } from '../../src/certificates/test-authority.ts';
import type { MqttInputConfig } from '../../src/config/inputs/mqtt-input.ts';
import { SystemClock, type Clock } from '../../src/lib/clock.ts';
import { describeError } from '../../src/lib/errors.ts';
import { Secret } from '../../src/lib/secret.ts';
import { Secrets } from '../../src/provisioning/secrets.ts';
import type { HandOver } from '../../src/telemetry/inputs/input.ts';
import { MqttInput } from '../../src/telemetry/inputs/mqtt-input.ts';
import type { Reading } from '../../src/telemetry/reading.ts';
import { FakeClock } from '../fakes/fake-clock.ts';
import { RecordingLog } from '../fakes/recording-log.ts';
import { certificateFiles, validNow, type CertificateFiles } from '../support/certificate-files.ts';
import { Scratch } from '../support/scratch.ts';
import { keepLogged } from '../support/test-logs.ts';
import { Mosquitto } from './mosquitto.ts';

const password = 'correct-horse-battery-staple';

let scratch: Scratch;
beforeEach(() => {
  scratch = new Scratch();
});
afterEach(() => scratch.clean());

describe('the mqtt input', () => {
  it('hands over what is published to its topics, with component and name by the topic', async () => {
    const broker = await Mosquitto.start(scratch);
    const input = await reading(broker, {
      topics: [{ filter: 'rooms/+/+', component: '{1}', value: '{2}' }, { filter: 'meters/#' }],
    });
    await broker.publish('rooms/attic/temperature', '21.5');
    await broker.publish('rooms/attic/window', 'true');
    await broker.publish('meters/power', '{"watts":12,"phase":{"l1":4}}');
    await broker.publish('elsewhere', '1');
    await broker.publish('meters/water', '7');
    await input.has(4);
    assert.deepEqual(input.readings, [
      { values: { temperature: 21.5 }, component: 'attic' },
      { values: { window: true }, component: 'attic' },
      { values: { watts: 12, phase: { l1: 4 } } },
      { values: { water: 7 } },
    ]);
    await input.stop();
  });

  it('drops what it cannot read, what is too large and what names no component, and says each once', async () => {
    const broker = await Mosquitto.start(scratch);
    const input = await reading(broker, {
      topics: [{ filter: 'rooms/+', component: '{1}' }, { filter: '#' }],
    });
    for (const text of ['online', 'offline']) await broker.publish('status', text);
    await broker.publish('rooms/top floor', '1');
    await broker.publishBytes('large', Buffer.alloc(65_537, '1'));
    await broker.publish('binary', '', '-r');
    await broker.publish('last', '1');
    await input.has(1);
    assert.deepEqual(input.readings, [{ values: { last: 1 } }]);
    assert.equal(input.dropped, 4);
    const warnings = input.log.messages('warn');
    assert.equal(warnings.length, 3);
    assert.match(
      warnings[0] ?? '',
      /^cannot take the message on "status": cannot read "online": expected one number/,
    );
    assert.match(
      warnings[1] ?? '',
      /^cannot take the message on "rooms\/top floor": "top floor" is no component name$/,
    );
    assert.match(
      warnings[2] ?? '',
      /^cannot take the message on "large": it has 65537 bytes, and 65536 is the most$/,
    );
    await input.stop();
    assert.equal(input.log.messages('warn').at(-1), 'the same, 1 times more');
  });

  it('takes retained messages, or leaves them', async () => {
    const broker = await Mosquitto.start(scratch);
    await broker.publish('kept', '5', '-r');
    const taking = await reading(broker);
    await taking.has(1);
    assert.deepEqual(taking.readings, [{ values: { kept: 5 } }]);
    await taking.stop();

    const leaving = await reading(broker, { ignoreRetained: true });
    await broker.publish('fresh', '6');
    await leaving.has(1);
    assert.deepEqual(leaving.readings, [{ values: { fresh: 6 } }]);
    assert.equal(leaving.dropped, 0);
    await leaving.stop();
  });

  it('rejects when the broker dies, and goes on when it is called again', async () => {
    const broker = await Mosquitto.start(scratch);
    const input = await reading(broker);
    await broker.kill();
    await assert.rejects(input.ended, {
      message: `cannot go on with the broker at mqtt://127.0.0.1:${broker.port}`,
    });
    await assert.rejects(input.again().ended, (error) => {
      assert.match(describeError(error), /^cannot connect to the broker at mqtt:\/\/127.*ECONNREFUSED/);
      return true;
    });
    await broker.start();
    const back = input.again();
    await broker.untilLogged('Sending SUBACK', 1);
    await broker.publish('temp', '1');
    await back.has(1);
    await back.stop();
  });

  it('names itself with a password, and says what a wrong one is met with, without telling it', async () => {
    const broker = await Mosquitto.start(scratch, { users: { gateway: password } });
    const right = await reading(broker, credentials(password));
    await broker.publish('temp', '1', '-u', 'gateway', '-P', password);
    await right.has(1);
    await right.stop();

    const wrong = begin(broker, credentials('another-password'));
    await assert.rejects(wrong.ended, (error) => {
      assert.match(describeError(error), /Connection refused: (Not authorized|Bad username or password)/i);
      assert.ok(!JSON.stringify([describeError(error), wrong.log.lines]).includes('another-password'));
      return true;
    });
  });

  it('acknowledges with QoS 1 what was handed over and nothing else: the rest comes again', async () => {
    const broker = await Mosquitto.start(scratch);
    const kept = { clientId: 'gateway-01', cleanSession: false };
    const first = await reading(broker, kept, (readings) => {
      if (readings[0]?.values['n'] === 2) throw new Error('the disk is gone');
      return Promise.resolve();
    });
    for (const n of [1, 2, 3]) await broker.publish('data', JSON.stringify({ n }));
    await assert.rejects(first.ended, (error) => describeError(error).includes('the disk is gone'));
    await broker.publish('data', '{"n":4}');

    const second = begin(broker, kept);
    await second.has(3);
    assert.deepEqual(numbers(second.readings), [2, 3, 4]);
    await second.stop();
    const third = await reading(broker, kept);
    await broker.publish('data', '{"n":5}');
    await third.has(1);
    assert.deepEqual(numbers(third.readings), [5]);
    await third.stop();
  });

  it('gets again what was not acknowledged when the connection broke off', async () => {
    const broker = await Mosquitto.start(scratch);
    const line = await Line.to(broker.port, scratch);
    const kept = { clientId: 'gateway-01', cleanSession: false };
    const never = (readings: readonly Reading[]): Promise<void> =>
      readings[0]?.values['n'] === 2 ? new Promise(() => undefined) : Promise.resolve();
    const first = await reading(broker, kept, never, undefined, line);
    for (const n of [1, 2, 3]) await broker.publish('data', JSON.stringify({ n }));
    await first.has(2);
    line.breakOff();
    await assert.rejects(first.ended, (error) => {
      assert.match(describeError(error), /(?:the broker has closed the connection|read ECONNRESET)$/);
      return true;
    });
    await broker.stop();
    await broker.start();

    const second = begin(broker, kept);
    await second.has(1);
    await broker.publish('data', '{"n":4}');
    while (!numbers(second.readings).includes(4)) await second.has(second.readings.length + 1);
    // The acknowledgement of 1 may have been on the line that broke.
    const again = numbers(second.readings).filter((n) => n !== 1);
    assert.deepEqual(again, [2, 3, 4]);
    await second.stop();
  });

  it('takes one message at a time, so that a full queue holds the broker back, and stays connected', async () => {
    const broker = await Mosquitto.start(scratch);
    const clock = new FakeClock();
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const input = await reading(broker, { keepAliveMs: 10_000 }, () => held, clock);
    for (const n of [1, 2, 3]) await broker.publish('data', JSON.stringify({ n }));
    await input.has(1);
    await clock.advance(100_000);
    assert.deepEqual(numbers(input.readings), [1]);
    release();
    await input.has(3);
    await broker.publish('data', '{"n":4}');
    await input.has(4);
    assert.deepEqual(numbers(input.readings), [1, 2, 3, 4]);
    await input.stop();
  });

  it('notices that nobody answers any more', async () => {
    const broker = await Mosquitto.start(scratch);
    const line = await Line.to(broker.port, scratch);
    const clock = new FakeClock();
    const input = await reading(broker, { keepAliveMs: 10_000 }, undefined, clock, line);
    await broker.publish('data', '1');
    await input.has(1);
    line.cut();
    await clock.advance(20_000);
    await assert.rejects(input.ended, (error) => describeError(error).includes('Keepalive timeout'));
  });

  it('gives up on a broker that takes the connection and says nothing', async () => {
    const port = await listening(createServer(), scratch);
    const clock = new FakeClock();
    const input = begin({ port }, {}, undefined, clock);
    const rejected = assert.rejects(input.ended, {
      message: `cannot connect to the broker at mqtt://127.0.0.1:${port}: no answer within 20 s`,
    });
    await clock.untilSomebodySleeps();
    await clock.advance(20_000);
    await rejected;
  });

  it('says which topics the broker does not let it have', async () => {
    const server = createServer((socket) => {
      const parser = mqttPacket.parser({ protocolVersion: 4 });
      parser.on('packet', ({ cmd, messageId = 0 }) => {
        if (cmd === 'connect')
          socket.write(mqttPacket.generate({ cmd: 'connack', returnCode: 0, sessionPresent: false }));
        if (cmd === 'subscribe')
          socket.write(mqttPacket.generate({ cmd: 'suback', messageId, granted: [1, 128] }));
      });
      socket.on('error', () => undefined);
      socket.on('data', (bytes) => parser.parse(bytes));
    });
    const port = await listening(server, scratch);
    const input = begin({ port }, { topics: [{ filter: 'open/#' }, { filter: 'closed/#' }] });
    await assert.rejects(input.ended, (error) => {
      assert.match(describeError(error), /: cannot subscribe to open\/#, closed\/#: Subscribe error/);
      return true;
    });
  });

  it('resolves when it is stopped: before it has begun, while it connects and while a message is being taken', async () => {
    const broker = await Mosquitto.start(scratch);
    const early = begin(broker);
    await early.stop();
    const busy = await reading(broker, {}, () => new Promise(() => undefined));
    await broker.publish('data', '{"n":1}');
    await busy.has(1);
    await busy.stop();
  });
});

describe('the mqtt input over TLS', () => {
  it('trusts the authority it is given and shows its own certificate', async () => {
    const { broker, authority, client } = await tlsBroker();
    const input = await reading(broker, {
      ...overTls(broker),
      trustedCerts: [authority.certificate],
      clientCertificate: client,
    });
    await broker.publish('temp', '1', ...tlsFlags(authority, client));
    await input.has(1);
    await input.stop();
  });

  it('refuses a broker that no trusted authority vouches for', async () => {
    const { broker, client } = await tlsBroker();
    const input = begin(broker, { ...overTls(broker), clientCertificate: client });
    await assert.rejects(input.ended, (error) => {
      assert.match(
        describeError(error),
        /^cannot connect to the broker at mqtts:.*(certificate|self-signed)/,
      );
      return true;
    });
  });

  it('says that the broker wants a certificate', async () => {
    const { broker, authority } = await tlsBroker();
    const input = begin(broker, { ...overTls(broker), trustedCerts: [authority.certificate] });
    await assert.rejects(input.ended, (error) => {
      assert.match(describeError(error), /^cannot connect to the broker at mqtts:/);
      return true;
    });
  });

  it('says which file cannot be read', async () => {
    const input = begin({ port: 1 }, { ...overTls({ port: 1 }), trustedCerts: ['/nowhere/ca.pem'] });
    await assert.rejects(input.ended, { message: 'cannot read /nowhere/ca.pem' });
  });
});

/** An input that reads until it is stopped. */
class Reader {
  readonly log: RecordingLog;
  readonly ended: Promise<void>;
  readonly readings: Reading[] = [];
  readonly #input: MqttInput;
  readonly #handOver: HandOver;
  readonly #end = new AbortController();
  #arrived: () => void = () => undefined;

  constructor(input: MqttInput, log: RecordingLog, handOver: HandOver) {
    this.#input = input;
    this.log = log;
    this.#handOver = handOver;
    this.ended = input.read((readings) => this.#take(readings), this.#end.signal);
    this.ended.catch((error: unknown) => {
      keepLogged(`${describeError(error)}\n`);
    });
  }

  get dropped(): number {
    return this.#input.dropped;
  }

  again(): Reader {
    return new Reader(this.#input, this.log, this.#handOver);
  }

  /** Until as many readings were handed over. */
  async has(count: number): Promise<void> {
    await Promise.race([this.#counted(count), this.ended]);
    assert.ok(this.readings.length >= count, `only ${this.readings.length} of ${count} readings came`);
  }

  async stop(): Promise<void> {
    this.#end.abort(new Error('the test stops it'));
    await this.ended;
  }

  async #counted(count: number): Promise<void> {
    while (this.readings.length < count)
      await new Promise<void>((resolve) => {
        this.#arrived = resolve;
      });
  }

  async #take(readings: readonly Reading[]): Promise<void> {
    this.readings.push(...readings);
    this.#arrived();
    if (readings.length > 0) await this.#handOver(readings);
  }
}

interface Place {
  readonly port: number;
}

/** Begins to read, and waits until the broker has taken the subscription. */
async function reading(
  broker: Mosquitto,
  config: Partial<MqttInputConfig> = {},
  handOver?: HandOver,
  clock?: Clock,
  place: Place = broker,
): Promise<Reader> {
  const before = broker.logged('Sending SUBACK');
  const reader = begin(place, config, handOver, clock);
  await Promise.race([broker.untilLogged('Sending SUBACK', before + 1), reader.ended]);
  return reader;
}

function begin(
  { port }: Place,
  config: Partial<MqttInputConfig> = {},
  handOver: HandOver = () => Promise.resolve(),
  clock: Clock = new SystemClock(),
): Reader {
  const log = new RecordingLog();
  const secrets = new Secrets({ env: {}, credentialsDirectory: undefined });
  const whole: MqttInputConfig = {
    type: 'mqtt',
    name: 'broker',
    priority: 'normal',
    properties: {},
    enabled: true,
    onError: 'retry',
    broker: { tls: false, host: '127.0.0.1', port },
    topics: [{ filter: '#' }],
    format: 'auto',
    qos: 1,
    ignoreRetained: false,
    cleanSession: true,
    trustedCerts: [],
    keepAliveMs: 30_000,
    ...config,
  };
  const reader = new Reader(new MqttInput(whole, { clock, log, secrets }), log, handOver);
  scratch.defer(async () => {
    await reader.stop().catch(() => undefined);
    keepLogged(log.lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  });
  return reader;
}

function credentials(secret: string): Partial<MqttInputConfig> {
  return { username: 'gateway', password: { kind: 'plain', value: new Secret(secret) } };
}

function numbers(readings: readonly Reading[]): unknown[] {
  return readings.map(({ values }) => values['n']);
}

interface TlsBroker {
  readonly broker: Mosquitto;
  readonly authority: CertificateFiles;
  readonly client: CertificateFiles;
}

/** A broker that wants a certificate of whoever connects. */
async function tlsBroker(): Promise<TlsBroker> {
  const validity = validNow();
  const { root } = await createTestAuthority({ name: 'broker test', intermediates: 0, validity });
  const made = { organization: testOrganization, validity, issuer: root };
  const kept = (credential: Credential): Promise<CertificateFiles> => certificateFiles(scratch, credential);
  const authority = await kept(root);
  const server = await kept(
    await createServerCertificate({ ...made, commonName: 'broker', names: ['127.0.0.1'] }),
  );
  const client = await kept(await createDeviceCertificate({ ...made, commonName: 'gateway-01' }));
  const lines = [
    `cafile ${authority.certificate}`,
    `certfile ${server.certificate}`,
    `keyfile ${server.privateKey}`,
    'require_certificate true',
  ];
  return { broker: await Mosquitto.start(scratch, { lines }), authority, client };
}

function overTls({ port }: Place): Partial<MqttInputConfig> {
  return { broker: { tls: true, host: '127.0.0.1', port } };
}

function tlsFlags(authority: CertificateFiles, client: CertificateFiles): string[] {
  return ['--cafile', authority.certificate, '--cert', client.certificate, '--key', client.privateKey];
}

/** Passes bytes to a port and back, until it is cut: then it takes them and says nothing. */
class Line {
  readonly port: number;
  readonly #pairs: (readonly [Socket, Socket])[];

  private constructor(port: number, pairs: (readonly [Socket, Socket])[]) {
    this.port = port;
    this.#pairs = pairs;
  }

  static async to(port: number, owner: Scratch): Promise<Line> {
    const pairs: (readonly [Socket, Socket])[] = [];
    const server = createServer((near) => {
      const far = connect(port, '127.0.0.1');
      for (const socket of [near, far]) socket.on('error', () => undefined);
      near.pipe(far).pipe(near);
      pairs.push([near, far]);
    });
    return new Line(await listening(server, owner), pairs);
  }

  breakOff(): void {
    for (const socket of this.#pairs.flat()) socket.destroy();
  }

  cut(): void {
    for (const [near, far] of this.#pairs) {
      near.unpipe(far);
      far.unpipe(near);
      near.resume();
      far.resume();
    }
  }
}

/** The port on which it listens until the test is over. */
async function listening(server: Server, owner: Scratch): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => sockets.add(socket));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  owner.defer(async () => {
    for (const socket of sockets) socket.destroy();
    await once(server.close(), 'close');
  });
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  return address.port;
}
