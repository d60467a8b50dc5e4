import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { textBanner } from '../../src/simulator/banner.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { agentProgram, spawnAgent } from '../support/agent-process.ts';
import { atTerminal } from '../support/pseudo-terminal.ts';
import type { AtTerminal, Typing } from '../support/pseudo-terminal.ts';
import { Scratch } from '../support/scratch.ts';
import { newKey, putKeyEnrollment, simulatorFor } from '../support/simulator.ts';
import { keepLogged } from '../support/test-logs.ts';
import { dpsAgent } from './cli-program.ts';

describe('dps-agent init', () => {
  let scratch: Scratch;
  let folder: string;
  let config: string;

  beforeEach(async () => {
    scratch = new Scratch();
    folder = join(await scratch.folder(), 'etc');
    config = join(folder, 'config.yaml');
  });

  afterEach(() => scratch.clean());

  const modeOf = async (name: string): Promise<number> => (await stat(join(folder, name))).mode & 0o777;

  async function type(typing: readonly Typing[], ...options: string[]): Promise<AtTerminal> {
    const ran = await atTerminal(
      [process.execPath, agentProgram, 'init', '--config', config, ...options],
      typing,
    );
    keepLogged(ran.screen);
    return ran;
  }

  /** The options for a simulator, in which a device is enrolled. */
  function against({ scopeId, dps, caFile }: Simulator): string[] {
    return [
      ...['--config', config, '--scope-id', scopeId, '--registration-id', 'pump'],
      ...['--endpoint', `${dps.host}:${dps.port}`, '--ca-file', caFile],
    ];
  }

  it('writes from options what can be validated and started, and says what to do next', async () => {
    const simulator = await simulatorFor(scratch);
    const key = newKey();
    putKeyEnrollment(simulator, 'pump', key);
    const { code, stdout, stderr } = await dpsAgent(['init', ...against(simulator), '--symmetric-key', '-'], {
      input: `${key}\n`,
    });
    assert.deepEqual([code, stderr], [0, '']);
    for (const next of ['check', 'run', 'status'])
      assert.ok(stdout.includes(`  dps-agent ${next} --config ${config}\n`), stdout);
    assert.deepEqual(
      [await modeOf('.'), await modeOf('config.yaml'), await modeOf('device-key')],
      [0o755, 0o644, 0o600],
    );
    assert.ok(!(await readFile(config, 'utf8')).includes(key));
    assert.equal((await dpsAgent(['config', 'validate', '--strict', '--config', config])).code, 0);
    const agent = await spawnAgent(scratch, await readFile(config, 'utf8'));
    await agent.log.untilState('connected');
  });

  it('asks a person at a terminal for the rest, shows no key, and tries', async () => {
    const simulator = await simulatorFor(scratch);
    const key = newKey();
    putKeyEnrollment(simulator, 'pump', key);
    const { dps, caFile, scopeId } = simulator;
    const { code, screen } = await type(
      [
        ['Method [symmetric_key]: ', '\r'],
        ['ID scope', `${scopeId}\r`],
        ['Registration ID', 'pump.\r'],
        ['must be a letter, a digit or -', 'pump\r'],
        ['Key of the enrollment (is not shown): ', `${key}\r`],
        ['Input [system]: ', '3\r'],
        ['[yes]: ', '\r'],
      ],
      ...['--endpoint', `${dps.host}:${dps.port}`, '--ca-file', caFile],
    );
    assert.equal(code, 0, screen);
    assert.ok(!screen.includes(key));
    assert.match(screen, /It works: localhost:\d+ has let pump in\./);
    assert.match(await readFile(config, 'utf8'), /^ {2}inputs: \[\]$/m);
    assert.equal(simulator.connections.history().filter(({ service }) => service === 'hub').length, 1);
  });

  it('shows nothing of a key that was pasted before it was asked for', async () => {
    const key = newKey();
    const ahead = `1\r0ne0012ABCD\rpump\r${key}\rnone\rno\r`;
    const { code, screen } = await type([['Method [symmetric_key]: ', ahead]]);
    assert.equal(code, 0, screen);
    assert.ok(!screen.includes(key), 'the key is on the screen');
    assert.equal(await readFile(join(folder, 'device-key'), 'utf8'), `${key}\n`);
  });

  it('leaves nothing behind when it is broken off, by Ctrl-C or Ctrl-D', async () => {
    for (const stop of ['\u0003', '\u0004']) {
      const { code, screen } = await type([
        ['Method', '1\r'],
        ['ID scope', '0ne0012ABCD\r'],
        ['Registration ID', stop],
      ]);
      assert.equal(code, 1);
      assert.match(screen, /cannot go on: it was broken off; nothing has been written/);
      assert.ok(!existsSync(folder));
    }
  });

  it('says what DPS did not like, with code and remedy, and keeps what was written', async () => {
    const simulator = await simulatorFor(scratch);
    putKeyEnrollment(simulator, 'pump', newKey());
    const options = [...against(simulator), '--symmetric-key', 'env:KEY', '--try'];
    const { code, stdout } = await dpsAgent(['init', ...options], { env: { KEY: newKey() } });
    assert.equal(code, 1);
    assert.match(stdout, /^It does not work yet: cannot register .*\(DPS-(401|CONNACK-5|CONNACK-4)\)$/m);
    assert.match(stdout, /^What to do: check the enrollment/m);
    assert.ok(existsSync(config));
  });

  it('is as good for programs: one document, with what came of the try', async () => {
    const simulator = await simulatorFor(scratch);
    const key = newKey();
    putKeyEnrollment(simulator, 'pump', key);
    const options = [...against(simulator), '--symmetric-key', 'env:KEY', '--try', '--output', 'json'];
    const { code, stdout } = await dpsAgent(['init', ...options], { env: { KEY: key } });
    assert.equal(code, 0);
    const { written, tried } = JSON.parse(stdout) as {
      written: { path: string; mode: string }[];
      tried: object;
    };
    assert.deepEqual(
      written.map(({ path, mode }) => [path, mode]),
      [
        [join(folder, 'device-key'), '0600'],
        [config, '0644'],
      ],
    );
    assert.deepEqual(tried, { connected: true, hub: simulator.hubs[0]?.name, deviceId: 'pump' });
  });

  it('does not write over what is there, before it asks for anything, unless it is told to', async () => {
    const options = ['init', '--config', config, '--connection-string', 'env:TEXT', '--output', 'json'];
    const env = { TEXT: `HostName=h.example;DeviceId=d;SharedAccessKey=${newKey()}` };
    assert.equal((await dpsAgent(options, { env })).code, 0);
    const before = await readFile(config, 'utf8');
    const refused = await type([]);
    assert.deepEqual([refused.code, await readFile(config, 'utf8')], [1, before]);
    assert.match(refused.screen, /it is there already; --force replaces it, and keeps a copy/);
    const over = await dpsAgent([...options, '--force', '--input', 'none'], { env });
    assert.equal(over.code, 0);
    const { written } = JSON.parse(over.stdout) as { written: { path: string; kept?: string }[] };
    const kept = written.find(({ path }) => path === config)?.kept ?? '';
    assert.equal(await readFile(kept, 'utf8'), before);
  });

  it('takes IoT Edge’s file over, and notes what has no counterpart', async () => {
    const key = newKey();
    const edge = join(await scratch.folder(), 'config.yaml');
    const attestation = `{ method: "symmetric_key", registration_id: "pump", symmetric_key: "${key}" }`;
    await writeFile(
      edge,
      `provisioning:\n  source: "dps"\n  scope_id: "0ne1"\n  attestation: ${attestation}\nhostname: "attic"\n`,
    );
    const { code, stdout } = await dpsAgent(['init', '--config', config, '--from-iotedge', edge]);
    assert.equal(code, 0);
    assert.match(stdout, /^To note:$/m);
    assert.match(stdout, /hostname was for modules and devices behind IoT Edge/);
    assert.ok(!stdout.includes(key));
    assert.deepEqual((await readdir(folder)).sort(), ['config.yaml', 'device-key']);
    assert.equal((await dpsAgent(['config', 'validate', '--strict', '--config', config])).code, 0);
    await writeFile(edge, (await readFile(edge, 'utf8')).replace('symmetric_key', 'tpm'));
    const refused = await dpsAgent(['init', '--config', join(folder, 'b.yaml'), '--from-iotedge', edge]);
    assert.equal(refused.code, 78);
    assert.match(refused.stderr, /a TPM cannot attest over MQTT/);
    await rm(edge);
    const missing = await dpsAgent(['init', '--config', join(folder, 'b.yaml'), '--from-iotedge', edge]);
    assert.equal(missing.code, 78);
    assert.match(missing.stderr, /there is no such file: give the path of the config\.yaml of IoT Edge 1\.1/);
  });

  it('takes no secret from the command line, and has 64 for what does not go together', async () => {
    const key = newKey();
    const plain = await dpsAgent(['init', '--config', config, '--symmetric-key', key]);
    assert.equal(plain.code, 64);
    assert.ok(!plain.stderr.includes(key));
    const lacking = await dpsAgent(['init', '--config', config]);
    assert.equal(lacking.code, 64);
    assert.match(lacking.stderr, /give --symmetric-key .*, --scope-id and --registration-id$/m);
    for (const [one, other] of [
      ['--group-key', '--symmetric-key'],
      ['--from-iotedge', '--scope-id'],
      ['--connection-string', '--endpoint'],
    ] as const)
      assert.equal((await dpsAgent(['init', one, 'env:A', other, 'b'])).code, 64, one);
    assert.ok(!existsSync(folder));
  });

  it('is what the simulator says to type', async () => {
    const simulator = await simulatorFor(scratch);
    const key = newKey();
    putKeyEnrollment(simulator, 'gateway-1', key);
    const line = /^ {2}dps-agent (init .*)$/m.exec(textBanner(simulator))?.[1] ?? '';
    const args = line.replace('gateway-1/config.yaml', config).split(' ').slice(1);
    const { code, screen } = await atTerminal(
      [process.execPath, agentProgram, 'init', ...args],
      [
        ['Method [symmetric_key]: ', '\r'],
        ['(is not shown): ', `${key}\r`],
        ['Input [system]: ', '\r'],
      ],
    );
    assert.equal(code, 0, screen);
    assert.match(screen, /It works: .* has let gateway-1 in\./);
  });
});
