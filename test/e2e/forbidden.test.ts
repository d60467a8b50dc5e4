import assert from 'node:assert/strict';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { after, before, describe, it } from 'node:test';
import { Scratch } from '../support/scratch.ts';
import { dpsAgent } from './cli-program.ts';
import type { Ran } from './cli-program.ts';

/** Debian's nobody. Whoever is not root themselves is kept out of a closed directory of their own. */
const stranger = process.getuid?.() === 0 ? 65534 : undefined;

const key = Buffer.alloc(32, 1).toString('base64');

describe('the command line of a user who may not look into the state directory', () => {
  const scratch = new Scratch();
  let config: string;
  let stateDirectory: string;

  before(async () => {
    const folder = await scratch.folder();
    await chmod(folder, 0o755);
    stateDirectory = join(folder, 'state');
    config = join(folder, 'config.yaml');
    await mkdir(stateDirectory);
    await chmod(stateDirectory, 0);
    const lines = [
      'version: 1',
      'provisioning:',
      '  source: dps',
      '  scope_id: 0ne00000000',
      `  attestation: {method: symmetric_key, registration_id: gateway, symmetric_key: ${key}}`,
      `state_directory: ${stateDirectory}`,
    ];
    await writeFile(config, lines.join('\n'));
  });

  after(() => scratch.clean());

  function asStranger(...args: string[]): Promise<Ran> {
    const env = { STATE_DIRECTORY: stateDirectory, RUNTIME_DIRECTORY: '', NODE_EXTRA_CA_CERTS: '' };
    return dpsAgent([...args, '--config', config], {
      env,
      ...(stranger === undefined ? {} : { userId: stranger }),
    });
  }

  it('says what is closed and what to type, in one line', async () => {
    for (const [args, whatToType] of [
      [['status'], 'sudo dps-agent status'],
      [['status', '--check'], 'sudo dps-agent status --check'],
      [['logs', '--source', 'memory'], 'sudo dps-agent logs'],
      [['telemetry', 'tail'], 'sudo dps-agent telemetry tail'],
      [['telemetry', 'send', 'a=1'], 'sudo dps-agent telemetry send'],
      [['identity', 'show'], 'sudo dps-agent identity show'],
      [['identity', 'forget'], 'sudo dps-agent identity forget'],
      [['identity', 'reprovision'], 'sudo dps-agent identity reprovision'],
      [['config', 'show'], 'as root or the user the agent runs as may'],
    ] as const) {
      const { code, stdout, stderr } = await asStranger(...args);
      assert.deepEqual([code, stdout], [1, ''], `${args.join(' ')}: ${stderr}`);
      assert.ok(stderr.startsWith('dps-agent: cannot '), stderr);
      assert.ok(stderr.includes(stateDirectory), stderr);
      assert.ok(stderr.includes(whatToType), stderr);
      assert.equal(stderr.split('\n').length, 2, stderr);
    }
  });

  it('is told by check that it may not be seen whether the agent runs', async () => {
    const { stdout } = await asStranger('check', '--offline', '--output', 'json');
    const { results } = JSON.parse(stdout) as { results: { id: string; seen?: string }[] };
    const socket = JSON.stringify(results.find(({ id }) => id === 'socket'));
    assert.match(socket, /may not be seen by this user/);
  });
});
