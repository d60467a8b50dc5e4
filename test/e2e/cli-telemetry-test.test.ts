import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import mqttPacket from 'mqtt-packet';
import type { IConnectPacket, Packet } from 'mqtt-packet';
import type { ShownMessage } from '../../src/cli/telemetry-test.ts';
import { agentProgram } from '../support/agent-process.ts';
import { Scratch } from '../support/scratch.ts';
import { dpsAgent } from './cli-program.ts';
import type { Ran } from './cli-program.ts';

/** Says three readings and goes on for ever. */
const babbler = 'for (const n of [1, 2, 3]) console.log(JSON.stringify({ n })); setInterval(() => {}, 1000);';

describe('dps-agent telemetry test', () => {
  let scratch: Scratch;
  let folder: string;

  beforeEach(async () => {
    scratch = new Scratch();
    folder = await scratch.folder();
  });

  afterEach(() => scratch.clean());

  /** Nobody is there to be registered with: nobody is to be asked. */
  async function configure(...inputs: object[]): Promise<string> {
    const attestation = { method: 'symmetric_key', registration_id: 'd', symmetric_key: 'env:NO_KEY' };
    const provisioning = { source: 'dps', scope_id: '0ne0012ABCD', attestation };
    const path = join(folder, 'config.yaml');
    const content = { provisioning, state_directory: join(folder, 'state'), telemetry: { inputs } };
    await writeFile(path, JSON.stringify(content), { mode: 0o600 });
    return path;
  }

  async function test(inputs: readonly object[], name: string, ...options: string[]): Promise<Ran> {
    return dpsAgent([
      'telemetry',
      'test',
      '--config',
      await configure(...inputs),
      '--input',
      name,
      ...options,
    ]);
  }

  async function messages(input: object, ...options: string[]): Promise<ShownMessage[]> {
    const { code, stdout, stderr } = await test(
      [{ name: 'i', ...input }],
      'i',
      '--output',
      'json',
      ...options,
    );
    assert.equal(code, 0, stderr);
    return linesOf(stdout).map((line) => JSON.parse(line) as ShownMessage);
  }

  const program = (script: string, over: object = {}): object => ({
    type: 'exec',
    command: [process.execPath, '-e', script],
    ...over,
  });

  it('does not print what the hub would not take, and says so', async () => {
    const script = `console.log(JSON.stringify({ x: 'x'.repeat(300_000) })); console.log('{"n":1}')`;
    const { code, stdout, stderr } = await test(
      [{ name: 'i', ...program(script, { max_output: '1MB' }) }],
      'i',
    );
    assert.equal(code, 1);
    assert.match(stdout, /^message of i: [^\n]*\n {2}\{"n":1\}\n$/);
    assert.match(stderr, /cannot send 1 of the messages of i: IoT Hub takes none of more than 262144 bytes/);
  });

  it('prints for people the message that the system input would send', async () => {
    const { code, stdout, stderr } = await test([{ name: 'board', type: 'system' }], 'board');
    assert.deepEqual([code, stderr], [0, '']);
    const [head, body, ...rest] = linesOf(stdout);
    assert.match(String(head), /^message of board: \d+ bytes, priority normal, application\/json, utf-8$/);
    assert.equal(rest.length, 0);
    const values = JSON.parse(String(body)) as Record<string, unknown>;
    assert.equal(typeof values['uptimeSeconds'], 'number');
    assert.equal(typeof values['diskTotalBytes'], 'number');
  });

  it('prints what the messages carry besides their body', async () => {
    const about = { component: 'press1', priority: 'high', properties: { site: 'oslo' } };
    const { stdout } = await test([{ name: 'i', ...program('console.log("temp=21.4")'), ...about }], 'i');
    assert.deepEqual(linesOf(stdout).slice(1), [
      '  component press1',
      '  property site = oslo',
      '  {"temp":21.4}',
    ]);
    assert.match(stdout, /priority high/);
  });

  it('reads an input that is asked as often as it takes, and processes what it says', async () => {
    const counter = join(folder, 'counter');
    await writeFile(counter, '');
    const script = `const path = '${counter}'; fs.appendFileSync(path, 'x'); console.log(fs.statSync(path).size)`;
    const steps = [{ scale: { runs: 10 } }, { window: { every: '1h', values: { '*': ['mean', 'count'] } } }];
    const input = { ...program(script), interval: '100ms', format: 'number', value: 'runs', process: steps };
    const [message, ...rest] = await messages(input, '--count', '3');
    assert.equal(rest.length, 0);
    assert.deepEqual(JSON.parse(String(message?.body)), { runsMean: 20, runsCount: 3 });
  });

  it('gathers the lines of a program into batches, and prints what the last one holds in the end', async () => {
    const batched = await messages(
      program(babbler, { mode: 'lines', batch: { max_readings: 2 } }),
      '--count',
      '3',
    );
    const numbers = batched.map(({ body }) => (JSON.parse(body) as { n: number }[]).map(({ n }) => n));
    assert.deepEqual(numbers, [[1, 2], [3]]);
  });

  it('prints unpacked what would be sent compressed', async () => {
    const batch = { max_readings: 3, compression: 'gzip' };
    const [message] = await messages(program(babbler, { mode: 'lines', batch }), '--count', '3');
    assert.equal(message?.contentEncoding, 'gzip');
    assert.match(message.body, /^\[\{"time":"[^"]+","n":1\},.*"n":3\}\]$/);
  });

  it('is a client of its own at a broker, which has the agent for another and keeps nothing for this one', async () => {
    const broker = await brokerWith(scratch, 'rooms/attic', '21.5');
    const { code, stdout, stderr } = await test(
      [
        {
          ...{
            name: 'i',
            type: 'mqtt',
            url: `mqtt://127.0.0.1:${broker.port}`,
            topics: [{ filter: 'rooms/+' }],
          },
          ...{ client_id: 'gateway-01', clean_session: false },
        },
      ],
      'i',
    );
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^ {2}\{"attic":21.5\}$/m);
    assert.match(String(broker.connected?.clientId), /^dps-agent-test-\d+$/);
    assert.equal(broker.connected?.clean, true);
  });

  it('reads an input that is switched off as well', async () => {
    assert.equal((await messages(program('console.log(1)', { enabled: false }))).length, 1);
  });

  it('says how a socket is tried, since it cannot be read', async () => {
    const { code, stdout, stderr } = await test([{ name: 'posted', type: 'socket' }], 'posted');
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(
      stderr,
      /^dps-agent: cannot read posted: other programs post to it, while the agent runs:$/m,
    );
    const socket = join(folder, 'state', 'agent.sock');
    assert.ok(
      stderr.includes(`curl --unix-socket ${socket} 'http://localhost/v1/telemetry?input=posted'`),
      stderr,
    );
  });

  it('names the input that may have been meant, or all there are', async () => {
    const inputs = [
      { name: 'boiler', type: 'system' },
      { name: 'roof', type: 'system' },
    ];
    const near = await test(inputs, 'boilr');
    assert.equal(near.code, 1);
    assert.match(near.stderr, /telemetry\.inputs has no input of that name; did you mean boiler\?/);
    assert.match((await test(inputs, 'wind')).stderr, /; there are: boiler, roof$/m);
    assert.match((await test([], 'wind')).stderr, /; there are none$/m);
  });

  it('gives up in time, prints what there was and leaves no program behind', async () => {
    const pid = join(folder, 'pid');
    const input = program(`fs.writeFileSync('${pid}', String(process.pid)); ${babbler}`, {
      mode: 'lines',
      batch: { max_readings: 10 },
    });
    const { code, stdout, stderr } = await test(
      [{ name: 'i', ...input }],
      'i',
      '--count',
      '4',
      '--timeout',
      '1',
    );
    assert.equal(code, 1);
    assert.match(stdout, /"n":3\}\]$/m);
    assert.match(
      stderr,
      /^dps-agent: cannot wait longer than 1 s for 4 readings of i; --timeout gives it more time$/m,
    );
    await assertGone(pid);
  });

  it('leaves no program behind when it is interrupted', async () => {
    const pid = join(folder, 'pid');
    const input = program(`fs.writeFileSync('${pid}', String(process.pid)); ${babbler}`, { mode: 'lines' });
    const config = await configure({ name: 'i', ...input });
    const args = ['telemetry', 'test', '--config', config, '--input', 'i', '--count', '9'];
    const child = spawn(process.execPath, [agentProgram, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let stderr = '';
    child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
    const closed = once(child, 'close');
    // Its first reading, which goes out at once.
    await once(child.stdout, 'data');
    child.kill('SIGINT');
    assert.deepEqual(await closed, [1, null]);
    assert.match(stderr, /^dps-agent: cannot go on: stopped by SIGINT$/m);
    await assertGone(pid);
  });

  it('says why an input cannot be read', async () => {
    const missing = await test([{ name: 'i', type: 'file', path: '/no/such/file' }], 'i');
    assert.deepEqual([missing.code, missing.stdout], [1, '']);
    assert.match(missing.stderr, /^dps-agent: cannot read i: cannot read \/no\/such\/file/m);
    const failing = await test(
      [{ name: 'i', ...program('console.error("the bus is dead"); process.exit(3)') }],
      'i',
    );
    assert.equal(failing.code, 1);
    assert.match(failing.stderr, /it ended with status 3: the bus is dead$/m);
  });

  it('prints what of an input can be read before it says what cannot', async () => {
    await writeFile(join(folder, 'good.value'), '7\n');
    await writeFile(join(folder, 'poor.value'), 'none\n');
    const input = { name: 'i', type: 'file', path: join(folder, '*.value'), value: '{1}' };
    const { code, stdout, stderr } = await test([input], 'i');
    assert.equal(code, 1);
    assert.match(stdout, /^ {2}\{"good":7\}$/m);
    assert.match(stderr, /poor\.value: there is no number in it/);
  });

  it('has 78 for a broken configuration, and 64 for a command line that is not understood', async () => {
    const broken = await test([{ name: 'i', type: 'sistem' }], 'i');
    assert.equal(broken.code, 78);
    assert.match(broken.stderr, /did you mean "system"\?/);
    const inputs = [{ name: 'i', type: 'system' }];
    assert.equal((await dpsAgent(['telemetry', 'test', '--config', await configure(...inputs)])).code, 64);
    for (const options of [['--count', '0'], ['--timeout', 'x'], ['--output', 'xml'], ['more']])
      assert.equal((await test(inputs, 'i', ...options)).code, 64, options.join(' '));
  });
});

interface Broker {
  readonly port: number;
  connected?: IConnectPacket;
}

/** Has one message, for whoever subscribes. */
async function brokerWith(scratch: Scratch, topic: string, payload: string): Promise<Broker> {
  const server = createServer((socket) => {
    const parser = mqttPacket.parser();
    parser.on('packet', (packet) => {
      const answer = (given: Packet): void => {
        socket.write(mqttPacket.generate(given));
      };
      if (packet.cmd === 'connect') {
        broker.connected = packet;
        answer({ cmd: 'connack', returnCode: 0, sessionPresent: false });
      }
      if (packet.cmd !== 'subscribe') return;
      answer({ cmd: 'suback', messageId: packet.messageId ?? 0, granted: [0] });
      answer({ cmd: 'publish', topic, payload, qos: 0, dup: false, retain: false });
    });
    socket.on('data', (data: Buffer) => parser.parse(data));
    socket.on('error', () => socket.destroy());
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  scratch.defer(async () => {
    await once(server.close(), 'close');
  });
  const broker: Broker = { port: (server.address() as AddressInfo).port };
  return broker;
}

function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}

/** @param path of a file with a process ID */
async function assertGone(path: string): Promise<void> {
  const pid = Number(await readFile(path, 'utf8'));
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // One that has ended stays in the table until its parent has taken note.
  assert.match(stat, /^$|\) [ZX] /);
}
