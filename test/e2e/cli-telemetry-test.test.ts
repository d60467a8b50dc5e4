import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { ShownMessage } from '../../src/cli/telemetry-test.ts';
import { agentProgram } from '../support/agent-process.ts';
import { Scratch } from '../support/scratch.ts';
import { dpsAgent } from './cli-program.ts';
import type { Ran } from './cli-program.ts';

/** Says three readings and goes on for ever. */
const babbler = 'for n in 1 2 3; do echo "{\\"n\\": $n}"; done; while true; do sleep 1; done';

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

  const shell = (script: string, over: object = {}): object => ({
    type: 'exec',
    command: ['sh', '-c', script],
    ...over,
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
    const { stdout } = await test([{ name: 'i', ...shell('echo temp=21.4'), ...about }], 'i');
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
    const script = `echo x >> ${counter}; wc -l < ${counter}`;
    const process = [
      { scale: { lines: 10 } },
      { window: { every: '1h', values: { '*': ['mean', 'count'] } } },
    ];
    const input = { ...shell(script), interval: '100ms', format: 'number', value: 'lines', process };
    const [message, ...rest] = await messages(input, '--count', '3');
    assert.equal(rest.length, 0);
    assert.deepEqual(JSON.parse(String(message?.body)), { linesMean: 20, linesCount: 3 });
  });

  it('gathers the lines of a program into batches, and prints what the last one holds in the end', async () => {
    const batched = await messages(
      shell(babbler, { mode: 'lines', batch: { max_readings: 2 } }),
      '--count',
      '3',
    );
    const numbers = batched.map(({ body }) => (JSON.parse(body) as { n: number }[]).map(({ n }) => n));
    assert.deepEqual(numbers, [[1, 2], [3]]);
  });

  it('prints unpacked what would be sent compressed', async () => {
    const batch = { max_readings: 3, compression: 'gzip' };
    const [message] = await messages(shell(babbler, { mode: 'lines', batch }), '--count', '3');
    assert.equal(message?.contentEncoding, 'gzip');
    assert.match(message.body, /^\[\{"time":"[^"]+","n":1\},.*"n":3\}\]$/);
  });

  it('reads an input that is switched off as well', async () => {
    assert.equal((await messages(shell('echo 1', { enabled: false }))).length, 1);
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
    const input = shell(`echo $$ > ${pid}; ${babbler}`, { mode: 'lines', batch: { max_readings: 10 } });
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
    const input = shell(`echo $$ > ${pid}; ${babbler}`, { mode: 'lines' });
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
    const failing = await test([{ name: 'i', ...shell('echo the bus is dead >&2; exit 3') }], 'i');
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

function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}

/** @param path of a file with a process ID */
async function assertGone(path: string): Promise<void> {
  const pid = Number(await readFile(path, 'utf8'));
  assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
}
