import assert from 'node:assert/strict';
import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { MessagePublish } from '../../src/config/messages-schema.ts';
import { SystemClock } from '../../src/lib/clock.ts';
import { describeError } from '../../src/lib/errors.ts';
import { Secret } from '../../src/lib/secret.ts';
import type { MessageContent } from '../../src/messages/cloud-message.ts';
import { Hopeless, NotNow } from '../../src/messages/handler.ts';
import { MqttPublisher } from '../../src/messages/mqtt-publisher.ts';
import { Scratch } from '../support/scratch.ts';
import { keepSecret } from '../support/test-logs.ts';
import { Mosquitto } from './mosquitto.ts';

const never = new AbortController().signal;

describe('messages published to Mosquitto', () => {
  let scratch: Scratch;

  beforeEach(() => {
    scratch = new Scratch();
  });

  afterEach(() => scratch.clean());

  function publish(
    { port }: Pick<Mosquitto, 'port'>,
    message: Partial<MessageContent>,
    over: Partial<MessagePublish> = {},
    password = '',
  ): Promise<undefined> {
    const broker = { tls: false, host: '127.0.0.1', port };
    const settings = { broker, topic: 'commands/{command}', retain: false, trustedCerts: [], ...over };
    const secrets = { read: () => Promise.resolve(new Secret(password)) };
    const publisher = new MqttPublisher(settings, { clock: new SystemClock(), secrets });
    const properties = { command: 'open' };
    return publisher.handle({ properties, body: Buffer.alloc(0), ...message }, never);
  }

  /** What a subscriber is given, as mosquitto_sub prints it: topic, retained or not, body in hexadecimal. */
  async function subscriber(broker: Mosquitto, count: number): Promise<() => Promise<string[]>> {
    const args = ['-h', '127.0.0.1', '-p', String(broker.port), '-t', '#', '-q', '1', '-C', String(count)];
    const before = broker.logged('Sending SUBACK');
    const child = spawn('mosquitto_sub', [...args, '-F', '%t %r %x'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exited = once(child, 'exit');
    scratch.defer(async () => {
      child.kill('SIGKILL');
      await exited;
    });
    const output = child.stdout.toArray();
    await broker.untilLogged('Sending SUBACK', before + 1);
    return async () =>
      Buffer.concat((await output) as Buffer[])
        .toString()
        .trim()
        .split('\n');
  }

  it('arrive byte for byte, on the topic that their properties make', async () => {
    const broker = await Mosquitto.start(scratch);
    const received = await subscriber(broker, 2);
    await publish(broker, { body: Buffer.from([0, 255, 10]) });
    await publish(broker, { body: Buffer.alloc(65_536, 7), properties: { command: 'größer $x' } });
    const [small, large] = await received();
    assert.equal(small, 'commands/open 0 00ff0a');
    assert.equal(large, `commands/größer $x 0 ${'07'.repeat(65_536)}`);
  });

  it('are acknowledged by the broker before they count as handled', async () => {
    const broker = await Mosquitto.start(scratch);
    await publish(broker, { body: Buffer.from('kept') }, { retain: true });
    assert.equal(broker.logged('Sending PUBACK'), 1);
    const received = await subscriber(broker, 1);
    assert.deepEqual(await received(), [`commands/open 1 ${Buffer.from('kept').toString('hex')}`]);
  });

  it('need the right password where the broker wants one', async () => {
    const password = 'correct horse battery';
    keepSecret(password);
    const broker = await Mosquitto.start(scratch, { users: { agent: password } });
    const over = { username: 'agent', password: { kind: 'env', name: 'X' } } as const;
    await publish(broker, {}, over, password);
    const refused = publish(broker, {}, over, 'wrong');
    await assert.rejects(
      refused,
      (error) => error instanceof NotNow && describeError(error).includes('Not authorized'),
    );
  });

  it('wait for a broker that is away', async () => {
    const broker = await Mosquitto.start(scratch);
    await broker.kill();
    await assert.rejects(
      publish(broker, {}),
      (error) => error instanceof NotNow && describeError(error).includes('ECONNREFUSED'),
    );
    await broker.start();
    await publish(broker, {});
  });

  it('make no topic of what is not one level of it', async () => {
    const broker = await Mosquitto.start(scratch);
    for (const properties of [{}, { command: '' }, { command: 'a/b' }, { command: '#' }, { command: '+x' }])
      await assert.rejects(publish(broker, { properties: properties }), Hopeless);
    assert.equal(broker.logged('Received PUBLISH'), 0);
  });
});
