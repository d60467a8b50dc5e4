import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { Secret } from '../../src/lib/secret.ts';
import { deriveDeviceKey } from '../../src/provisioning/derive-device-key.ts';
import { agentProgram } from '../support/agent-process.ts';
import { Scratch } from '../support/scratch.ts';
import { newKey } from '../support/simulator.ts';
import { dpsAgent } from './cli-program.ts';

describe('dps-agent keys derive', () => {
  let scratch: Scratch;
  let groupKey: string;

  beforeEach(() => {
    scratch = new Scratch();
    groupKey = newKey();
  });

  afterEach(() => scratch.clean());

  const keyOf = (id: string): string => deriveDeviceKey(new Secret(groupKey), id).reveal();

  it('takes the group’s key from a file, the environment, a credential, standard input or the command line', async () => {
    const folder = await scratch.folder();
    await writeFile(join(folder, 'group.key'), `${groupKey}\n`);
    const ways = [
      [`file://${folder}/group.key`, {}],
      ['env:GROUP_KEY', { env: { GROUP_KEY: groupKey } }],
      ['credential:group.key', { env: { CREDENTIALS_DIRECTORY: folder } }],
      ['-', { input: `${groupKey}\r\n` }],
      [groupKey, {}],
    ] as const;
    for (const [reference, around] of ways) {
      const { code, stdout, stderr } = await dpsAgent(
        ['keys', 'derive', '--group-key', reference, 'a', 'B-2'],
        around,
      );
      assert.deepEqual(
        { code, stdout, stderr },
        { code: 0, stdout: `a\t${keyOf('a')}\nB-2\t${keyOf('B-2')}\n`, stderr: '' },
      );
    }
  });

  it('tells programs a line of JSON for each', async () => {
    const ids = ['keys', 'derive', '--group-key', '-', '--output', 'json', 'a', 'b c', 'd'];
    const { code, stdout, stderr } = await dpsAgent(ids, { input: groupKey });
    assert.equal(code, 1);
    assert.deepEqual(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
      [
        { id: 'a', primaryKey: keyOf('a') },
        { id: 'd', primaryKey: keyOf('d') },
      ],
    );
    assert.match(stderr, /cannot derive a key for "b c"/);
  });

  it('says which reference cannot be read and why, and never what was in it', async () => {
    const folder = await scratch.folder();
    await writeFile(join(folder, 'short.key'), 'c2hvcnQ=\n');
    for (const [reference, message] of [
      [
        'file:///no/such/file',
        /cannot use --group-key: cannot read the secret at \/no\/such\/file: .*ENOENT/,
      ],
      [`file://${folder}/short.key`, /short\.key: expected the base64 key .*, found a key of 5 bytes/],
      ['env:NO_SUCH_VARIABLE', /env:NO_SUCH_VARIABLE: .*no such variable/],
      ['credential:x', /CREDENTIALS_DIRECTORY/],
      [`${groupKey}!`, /--group-key: expected .* not base64/],
    ] as const) {
      const { code, stdout, stderr } = await dpsAgent(['keys', 'derive', '--group-key', reference, 'a']);
      assert.equal(code, 1, reference);
      assert.equal(stdout, '');
      assert.match(stderr, message);
      assert.ok(!stderr.includes(groupKey) && !stderr.includes('c2hvcnQ'));
    }
  });

  it('derives a fleet’s keys, names what it cannot use with its line, does the others, and ends with status 1', async () => {
    const folder = await scratch.folder();
    const csv = join(folder, 'devices.csv');
    const rows = ['IOTC_DEVICEID,IOTC_DEVICENAME', 'pump-1,"Pump, north"', 'bad id,x', '"open,x', 'pump-2,'];
    await writeFile(csv, `\uFEFF${rows.join('\r\n')}\r\n`);
    const { code, stdout, stderr } = await dpsAgent(['keys', 'derive', '--group-key', '-', '--csv', csv], {
      input: groupKey,
    });
    assert.equal(code, 1);
    const [header, ...lines] = stdout.trimEnd().split('\n');
    assert.match(header ?? '', /^IOTC_DEVICEID,IOTC_DEVICENAME,IOTC_SASKEY_PRIMARY,IOTC_SASKEY_SECONDARY,/);
    assert.deepEqual(lines, [`pump-1,"Pump, north",${keyOf('pump-1')},,,`, `pump-2,,${keyOf('pump-2')},,,`]);
    assert.match(stderr, /devices\.csv:3: .*only letters/);
    assert.match(stderr, /devices\.csv:4: a quote is opened and never closed/);
    assert.match(stderr, /2 devices; 2 could not be used/);
  });

  it('writes to a file that only its owner can read', async () => {
    const out = join(await scratch.folder(), 'keys.csv');
    const { code, stdout } = await dpsAgent(
      ['keys', 'derive', '--group-key', 'env:GROUP_KEY', '--csv', '-', '--out', out],
      { env: { GROUP_KEY: groupKey }, input: 'IOTC_DEVICEID\npump-1\n' },
    );
    assert.deepEqual({ code, stdout }, { code: 0, stdout: '' });
    assert.match(
      await readFile(out, 'utf8'),
      new RegExp(`\npump-1,,${keyOf('pump-1').replace(/[+]/g, '\\+')},,,\n$`),
    );
    assert.equal((await stat(out)).mode & 0o777, 0o600);
  });

  it('says why it cannot write, whoever it writes for', async () => {
    const folder = await scratch.folder();
    const { code, stderr } = await dpsAgent(
      ['keys', 'derive', '--group-key', 'env:GROUP_KEY', '--csv', '-', '--out', folder],
      { env: { GROUP_KEY: groupKey }, input: 'IOTC_DEVICEID\npump-1\n' },
    );
    assert.equal(code, 1);
    assert.match(stderr, new RegExp(`^dps-agent: cannot write to ${folder}: EISDIR`));
  });

  it('refuses a file that is not UTF-8, has no header, or is not there; writes nothing then', async () => {
    const folder = await scratch.folder();
    const out = join(folder, 'keys.csv');
    for (const [content, message] of [
      [Buffer.from('\uFEFFIOTC_DEVICEID\n', 'utf16le'), /not UTF-8/],
      [Buffer.from('pump-1,x\n'), /IOTC_DEVICEID/],
      [Buffer.from(''), /nothing in it/],
    ] as const) {
      const { code, stderr } = await dpsAgent(
        ['keys', 'derive', '--group-key', 'env:GROUP_KEY', '--csv', '-', '--out', out],
        { env: { GROUP_KEY: groupKey }, input: content },
      );
      assert.equal(code, 1);
      assert.match(stderr, message);
      await assert.rejects(stat(out), { code: 'ENOENT' });
    }
  });

  it('does 100,000 devices in a stream: no faster than its reader, in the memory of a few', async () => {
    const child = spawn(
      process.execPath,
      [agentProgram, 'keys', 'derive', '--group-key', 'env:GROUP_KEY', '--csv', '-'],
      {
        stdio: ['pipe', 'pipe', 'ignore'],
        env: { ...process.env, GROUP_KEY: groupKey },
      },
    );
    scratch.defer(async () => {
      if (child.exitCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'close');
    });
    const source = Readable.from(rowsOf(100_000));
    source.pipe(child.stdin);
    let [lines, peak, early] = [0, 0, 0];
    for await (const chunk of child.stdout) {
      lines += String(chunk).split('\n').length - 1;
      peak = Math.max(peak, residentKilobytes(child.pid));
      // By then V8's young generation has the size that it keeps.
      if (lines < 20_000) early = peak;
    }
    assert.equal(lines, 100_001);
    // The whole is some 20 MB on its way in and out, and several times that as objects.
    assert.ok(peak - early < 50_000, `${early} kB became ${peak} kB`);
  });
});

function* rowsOf(count: number): Generator<string> {
  yield 'IOTC_DEVICEID,IOTC_DEVICENAME\n';
  for (let at = 0; at < count; at += 1000) {
    const numbers = Array.from({ length: Math.min(1000, count - at) }, (_, index) => at + index);
    yield numbers.map((number) => `gateway-${number},"Gateway ${number}, ${'hall '.repeat(16)}"\n`).join('');
  }
}

/** 0 once the process is gone. */
function residentKilobytes(pid: number | undefined): number {
  try {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${String(pid)}/status`, 'utf8'))?.[1] ?? 0);
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH'))
      return 0;
    throw error;
  }
}
