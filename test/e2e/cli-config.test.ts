import assert from 'node:assert/strict';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { load } from 'js-yaml';
import type { Verdict } from '../../src/cli/show-config.ts';
import { parseConfig } from '../../src/config/parse.ts';
import { temporaryDirectory } from '../fakes/temporary-directory.ts';
import { dpsAgent } from './cli-program.ts';

const key = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=';
const least = [
  'provisioning:',
  '  source: dps',
  '  scope_id: 0ne0012ABCD',
  '  attestation:',
  '    method: symmetric_key',
  '    registration_id: gateway-01',
  `    symmetric_key: ${key}`,
  'telemetry:',
  '  inputs:',
  '    - {name: fast, type: system, interval: 5s}',
  '    - {name: slow, type: system}',
  '',
].join('\n');

/** A configuration with a drop-in, that only its owner can read. */
async function configured(t: TestContext, dropIn = 'log: { level: warn }\n', text = least) {
  const folder = await temporaryDirectory(t);
  const path = join(folder, 'config.yaml');
  await mkdir(join(folder, 'config.d'));
  await writeFile(path, text);
  await chmod(path, 0o600);
  await writeFile(join(folder, 'config.d/10-site.yaml'), dropIn);
  const env = { STATE_DIRECTORY: folder };
  return { folder, path, env };
}

/** The lines of the table for these keys. */
function lines(stdout: string, folder: string, ...keys: string[]): string[] {
  const all = stdout.replaceAll(`${folder}/`, '').split('\n');
  return keys.map(
    (each) => all.find((line) => line.startsWith(`${each} `))?.replaceAll(/ {2,}/g, ' | ') ?? `no ${each}`,
  );
}

describe('dps-agent config show', () => {
  it('tells every value with its source, the twin’s last, and no secret', async (t) => {
    const { folder, path, env } = await configured(t);
    const confirmed = { 'connection.keepAliveSeconds': { value: 45, version: 4 } };
    const settings = {
      'telemetry.intervalSeconds': { value: 30, version: 7 },
      'telemetry.inputs': { value: { slow: { enabled: false } }, version: 8 },
    };
    const saved = { format: 2, settings, connection: { name: 'settled', confirmed } };
    await writeFile(join(folder, 'settings.json'), JSON.stringify(saved));
    const args = ['config', 'show', '--config', path];
    const { code, stdout, stderr } = await dpsAgent(args, {
      env: { ...env, DPS_AGENT_TELEMETRY__WINDOW: '8' },
    });
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
    assert.ok(!stdout.includes(key.slice(0, 12)));
    assert.deepEqual(
      lines(
        stdout,
        folder,
        'provisioning.scope_id',
        'provisioning.attestation.symmetric_key',
        'log.level',
        'telemetry.window',
        'telemetry.drain_rate',
        'telemetry.inputs[0].interval',
        'telemetry.inputs[1].interval',
        'telemetry.inputs[1].enabled',
        'connection.keep_alive',
        'trust_bundle_cert',
      ),
      [
        'provisioning.scope_id | 0ne0012ABCD | config.yaml:3',
        'provisioning.attestation.symmetric_key | *** | config.yaml:7',
        'log.level | warn | config.d/10-site.yaml:1',
        'telemetry.window | 8 | DPS_AGENT_TELEMETRY__WINDOW',
        'telemetry.drain_rate | 20 | default',
        'telemetry.inputs[0].interval | 30s | twin version 7, over config.yaml:10',
        'telemetry.inputs[1].interval | 30s | twin version 7, over default',
        'telemetry.inputs[1].enabled | false | twin version 8, over default',
        'connection.keep_alive | 45s | twin version 4, over default',
        'no trust_bundle_cert',
      ],
    );
  });

  it('tells programs the same, and with --all also what is not set', async (t) => {
    const { path, env } = await configured(t);
    const { code, stdout } = await dpsAgent(
      ['config', 'show', '--config', path, '--output', 'json', '--all'],
      { env },
    );
    assert.equal(code, 0);
    const { files, values } = JSON.parse(stdout) as { files: string[]; values: { key: string }[] };
    assert.equal(files.length, 2);
    const of = (name: string): unknown => values.find((each) => each.key === name);
    assert.deepEqual(of('log.level'), {
      key: 'log.level',
      value: 'warn',
      source: { kind: 'drop-in', file: files[1], line: 1 },
    });
    assert.deepEqual(of('local_api.path'), {
      key: 'local_api.path',
      value: join(env.STATE_DIRECTORY, 'agent.sock'),
      source: { kind: 'default' },
    });
    assert.deepEqual(of('trust_bundle_cert'), { key: 'trust_bundle_cert', value: null, source: null });
  });
});

describe('dps-agent config show --effective', () => {
  it('is one file of all that holds, without a secret', async (t) => {
    const { folder, path, env } = await configured(t);
    const settings = { 'telemetry.intervalSeconds': { value: 30, version: 7 } };
    const saved = { format: 2, settings, connection: { name: 'settled', confirmed: {} } };
    await writeFile(join(folder, 'settings.json'), JSON.stringify(saved));
    const show = ['config', 'show', '--effective', '--config', path];
    const { code, stdout, stderr } = await dpsAgent(show, { env });
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
    assert.match(stdout, /^ {4}symmetric_key: ['"]?\*\*\*['"]?$/m);
    const { config } = parseConfig(stdout.replace(/(symmetric_key:).*/, `$1 ${key}`), 'effective.yaml');
    assert.deepEqual(
      [config.log.level, config.telemetry.inputs.map((input) => 'intervalMs' in input && input.intervalMs)],
      ['warn', [30_000, 30_000]],
    );
    const asJson = await dpsAgent([...show, '--output', 'json'], { env });
    assert.deepEqual(JSON.parse(asJson.stdout), load(stdout));
  });

  it('does not go with --all', async (t) => {
    const { path, env } = await configured(t);
    const { code, stderr } = await dpsAgent(['config', 'show', '--effective', '--all', '--config', path], {
      env,
    });
    assert.equal(code, 64);
    assert.match(stderr, /not both/);
  });
});

describe('dps-agent config validate', () => {
  it('says that all is well, with status 0', async (t) => {
    const { folder, path, env } = await configured(t);
    const { code, stdout, stderr } = await dpsAgent(['config', 'validate', '--strict', '--config', path], {
      env,
    });
    assert.deepEqual(
      { code, stdout: stdout.replaceAll(`${folder}/`, ''), stderr },
      { code: 0, stdout: 'the configuration is valid: config.yaml, config.d/10-site.yaml\n', stderr: '' },
    );
  });

  it('lists every problem and warning of all files and the environment, with status 78', async (t) => {
    const { folder, path, env } = await configured(t, 'log: { level: loud }\nagent: { name: edgeAgent }\n');
    const { code, stdout, stderr } = await dpsAgent(['config', 'validate', '--config', path], {
      env: { ...env, DPS_AGENT_TELEMETRY__WINDW: '8' },
    });
    assert.deepEqual({ code, stdout }, { code: 78, stdout: '' });
    assert.equal(
      stderr.replaceAll(`${folder}/`, ''),
      [
        'cannot use config.yaml: 2 problems',
        'config.d/10-site.yaml:1:15: log.level: expected debug, info, warn or error, found "loud"',
        'environment variable DPS_AGENT_TELEMETRY__WINDW: unknown key; did you mean DPS_AGENT_TELEMETRY__WINDOW?',
        'warning: config.d/10-site.yaml:2:1: agent: belongs to IoT Edge, ignored by dps-agent',
        '',
      ].join('\n'),
    );
  });

  it('says the same to programs, each problem with its file, line and path', async (t) => {
    const { folder, path, env } = await configured(t, 'log: { level: loud }\n');
    const args = ['config', 'validate', '--config', path, '--output', 'json'];
    const { code, stdout, stderr } = await dpsAgent(args, { env });
    assert.deepEqual({ code, stderr }, { code: 78, stderr: '' });
    const { isValid, problems, warnings } = JSON.parse(stdout) as Verdict;
    assert.deepEqual([isValid, warnings], [false, []]);
    assert.deepEqual(
      problems.map(({ file, line, column, path: at }) => [file.replace(`${folder}/`, ''), line, column, at]),
      [['config.d/10-site.yaml', 1, 15, 'log.level']],
    );
  });

  it('takes a warning for a problem only when it is to be strict', async (t) => {
    const { path, env } = await configured(t);
    await chmod(path, 0o644);
    const lax = await dpsAgent(['config', 'validate', '--config', path], { env });
    const strict = await dpsAgent(['config', 'validate', '--config', path, '--strict'], { env });
    assert.deepEqual([lax.code, strict.code], [0, 78]);
    assert.match(strict.stderr, /^warning: .* can be read by every user of this machine: chmod 640/);
  });
});
