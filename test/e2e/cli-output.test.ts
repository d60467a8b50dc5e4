import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { buffer, text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { agentProgram } from '../support/agent-process.ts';
import { Scratch } from '../support/scratch.ts';
import { newKey } from '../support/simulator.ts';

describe('what the command line prints', () => {
  const scratch = new Scratch();
  let config: string;
  let devices: string;

  before(async () => {
    const folder = await scratch.folder();
    config = join(folder, 'config.yaml');
    await writeFile(
      config,
      [
        'version: 1',
        'provisioning:',
        '  source: dps',
        '  scope_id: 0ne00000000',
        `  attestation: {method: symmetric_key, registration_id: gateway, symmetric_key: ${newKey()}}`,
        `state_directory: ${folder}`,
        'telemetry: {inputs: [{name: gateway, type: system, interval: 1s}]}',
      ].join('\n'),
    );
    devices = join(folder, 'devices.csv');
    const rows = Array.from({ length: 5000 }, (_, index) => `device-${index},Device ${index}`);
    await writeFile(devices, ['IOTC_DEVICEID,IOTC_DEVICENAME', ...rows].join('\n'));
  });

  after(() => scratch.clean());

  const deriveKeys = (): string[] => ['keys', 'derive', '--group-key', newKey(), '--csv', devices];

  it('is all there for a reader that takes its time', async () => {
    // Nothing tells that it waits: one that does not has long ended by then, and what the pipe had no room for is lost.
    const slowly = '"$0" "$1" config schema | { sleep 1; cat; }';
    const shell = spawn('sh', ['-c', slowly, process.execPath, agentProgram], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const printed = await text(shell.stdout);
    assert.ok(printed.length > 200_000, `${printed.length} characters`);
    assert.equal((JSON.parse(printed) as { type: string }).type, 'object');
  });

  it('is missed by a disk that is full: the exit status says so, and one line', async () => {
    for (const args of [
      ['--help'],
      ['status', '--help'],
      ['completion', 'bash'],
      ['config', 'schema'],
      ['config', 'show', '--config', config],
      ['config', 'validate', '--config', config],
      ['identity', 'show', '--config', config],
      ['check', '--offline', '--config', config],
      ['telemetry', 'test', '--input', 'gateway', '--config', config],
      deriveKeys(),
    ]) {
      const full = await open('/dev/full', 'w');
      const child = spawn(process.execPath, [agentProgram, ...args], {
        stdio: ['ignore', full.fd, 'pipe'],
      });
      assert.ok(child.stderr !== null);
      const [said, [code]] = await Promise.all([
        text(child.stderr),
        once(child, 'close') as Promise<[number]>,
      ]);
      await full.close();
      assert.equal(code, 1, `${args.join(' ')}: ${said}`);
      assert.match(said, /^dps-agent: cannot write to standard output: ENOSPC.*\n$/);
    }
  });

  it('ends without a word when whoever read has had enough', async () => {
    for (const args of [
      ['config', 'schema'],
      ['telemetry', 'test', '--input', 'gateway', '--count', '20', '--config', config],
      deriveKeys(),
    ]) {
      const child = spawn(process.execPath, [agentProgram, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
      const said = buffer(child.stderr);
      const ended = once(child, 'close');
      await once(child.stdout, 'data');
      child.stdout.destroy();
      const [code] = (await ended) as [number];
      assert.deepEqual(
        [code, String(await said).replace(/^dps-agent: \d+ devices\n$/, '')],
        [0, ''],
        args.join(' '),
      );
    }
  });
});
