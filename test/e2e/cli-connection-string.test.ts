import assert from 'node:assert/strict';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { ConnectionReport } from '../../src/cli/print-connection-string.ts';
import { Secret } from '../../src/lib/secret.ts';
import { deriveDeviceKey } from '../../src/provisioning/derive-device-key.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { configFor } from '../support/agent.ts';
import { Scratch } from '../support/scratch.ts';
import { dpsConnections, enrollWithKey, newKey, simulatorFor } from '../support/simulator.ts';
import { dpsAgent } from './cli-program.ts';
import type { Ran } from './cli-program.ts';

describe('dps-agent connection-string', () => {
  let scratch: Scratch;
  let simulator: Simulator;

  beforeEach(async () => {
    scratch = new Scratch();
    simulator = await simulatorFor(scratch);
  });

  afterEach(() => scratch.clean());

  async function connectionString(
    attestation: Readonly<Record<string, string>>,
    ...args: readonly string[]
  ): Promise<Ran & { left: string[] }> {
    const folder = await scratch.folder();
    const config = join(folder, 'config.yaml');
    await writeFile(config, configFor({ simulator, attestation }), { mode: 0o600 });
    const ran = await dpsAgent(['connection-string', '--config', config, ...args], {
      env: { STATE_DIRECTORY: folder },
    });
    return { ...ran, left: await readdir(folder) };
  }

  const hub = (): string => simulator.hubs[0]?.name ?? assert.fail('there is no hub');

  it('prints the hub, the device and its own key, whole, and remembers nothing', async () => {
    const attestation = enrollWithKey(simulator, 'gateway');
    const { code, stdout, stderr, left } = await connectionString(attestation, '--reveal');
    assert.equal(code, 0, stderr);
    const key = attestation['symmetric_key'] ?? '';
    assert.equal(stdout, `HostName=${hub()};DeviceId=gateway;SharedAccessKey=${key}\n`);
    assert.match(stderr, /registering gateway with DPS at .*\n.*DPS has assigned/);
    assert.deepEqual(left, ['config.yaml']);
  });

  it('prints the derived key with a group key', async () => {
    const group_key = newKey();
    simulator.registry.enrollmentGroups.put('fleet', {
      attestation: { type: 'symmetricKey', symmetricKey: { primaryKey: group_key, secondaryKey: newKey() } },
    });
    const attestation = { method: 'symmetric_key', registration_id: 'member', group_key };
    const { code, stdout, stderr } = await connectionString(attestation, '--reveal');
    assert.equal(code, 0, stderr);
    const key = deriveDeviceKey(new Secret(group_key), 'member').reveal();
    assert.equal(stdout, `HostName=${hub()};DeviceId=member;SharedAccessKey=${key}\n`);
  });

  for (const kind of ['authority', 'self-signed'] as const) {
    it(`takes what certificates create has made: ${kind}`, async () => {
      const folder = join(await scratch.folder(), 'made');
      const how =
        kind === 'authority' ? ['--ca-name', 'Bench CA', '--intermediates', '1'] : ['--self-signed'];
      const made = await dpsAgent([
        'certificates',
        'create',
        '--out',
        folder,
        ...how,
        '--device',
        'certified',
      ]);
      assert.equal(made.code, 0, made.stderr);
      await enrollAsTold(simulator, made.stdout);

      const attestation = {
        method: 'x509',
        identity_cert: `file://${folder}/devices/certified/cert.pem`,
        identity_pk: `file://${folder}/devices/certified/key.pem`,
      };
      const { code, stdout, stderr } = await connectionString(attestation, '--reveal');
      assert.equal(code, 0, stderr);
      const string = `HostName=${hub()};DeviceId=certified;x509=true`;
      assert.equal(stdout, `${string}\n`);
      // There is no secret in it to be kept back.
      const told = await connectionString(attestation, '--output', 'json');
      assert.equal((JSON.parse(told.stdout) as ConnectionReport).connectionString, string);
    });
  }

  it('takes the second key when DPS refuses the first, and says so', async () => {
    const secondary_symmetric_key = enrollWithKey(simulator, 'gateway')['symmetric_key'] ?? '';
    const attestation = {
      method: 'symmetric_key',
      registration_id: 'gateway',
      symmetric_key: newKey(),
      secondary_symmetric_key,
    };
    const { code, stdout, stderr } = await connectionString(attestation, '--reveal');
    assert.equal(code, 0, stderr);
    assert.equal(stdout, `HostName=${hub()};DeviceId=gateway;SharedAccessKey=${secondary_symmetric_key}\n`);
    assert.match(stderr, /DPS-401.*\n.*\n.*trying the secondary credential/);
  });

  it('asks nobody with source manual, and prints what is configured', async () => {
    const folder = await scratch.folder();
    const config = join(folder, 'config.yaml');
    const key = newKey();
    const configured = `HostName=hub.example;DeviceId=gateway;SharedAccessKey=${key}`;
    await writeFile(join(folder, 'device'), `${configured}\n`);
    await writeFile(
      config,
      `provisioning: {source: manual, device_connection_string: "file://${folder}/device"}\n`,
    );
    const { code, stdout, stderr } = await dpsAgent(['connection-string', '--config', config, '--reveal']);
    assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: `${configured}\n`, stderr: '' });
  });

  it('refuses to print where others may read, before it asks DPS', async () => {
    const { code, stdout, stderr } = await connectionString(enrollWithKey(simulator, 'gateway'));
    assert.deepEqual({ code, stdout }, { code: 1, stdout: '' });
    assert.match(stderr, /^dps-agent: cannot print the connection string: .*add --reveal\n$/);
    assert.equal(dpsConnections(simulator), 0);
  });

  it('tells programs hub and device wherever it prints, and the key only where it may', async () => {
    const attestation = enrollWithKey(simulator, 'gateway');
    const { code, stdout, stderr } = await connectionString(attestation, '--output', 'json');
    assert.equal(code, 0, stderr);
    const told = { hub: hub(), device: 'gateway', credential: 'primary', method: 'symmetric_key' };
    assert.deepEqual(JSON.parse(stdout), told);
    const revealed = await connectionString(attestation, '--output', 'json', '--reveal');
    assert.deepEqual(JSON.parse(revealed.stdout), {
      ...told,
      connectionString: `HostName=${hub()};DeviceId=gateway;SharedAccessKey=${attestation['symmetric_key'] ?? ''}`,
    });
  });

  it('says with code and remedy why DPS has refused', async () => {
    const attestation = { ...enrollWithKey(simulator, 'gateway'), symmetric_key: newKey() };
    const { code, stdout, stderr } = await connectionString(attestation, '--reveal');
    assert.deepEqual({ code, stdout }, { code: 1, stdout: '' });
    assert.match(stderr, /cannot register gateway with DPS at .*\(DPS-401\)\n.*what to do: /);
  });

  it('ends with status 78 when the configuration is wrong', async () => {
    const { code, stderr } = await connectionString({ method: 'symmetric_key' }, '--reveal');
    assert.equal(code, 78);
    assert.match(stderr, /registration_id/);
  });
});

/** Does what the printed curl would do. */
async function enrollAsTold(simulator: Simulator, told: string): Promise<void> {
  const [, path, file] =
    /curl -X PUT http:\/\/127\.0\.0\.1:8080(\/\S+) -d @(\S+)/.exec(told) ?? assert.fail(told);
  const response = await fetch(`${simulator.controlUrl}${path ?? ''}`, {
    method: 'PUT',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    body: (await readFile(file ?? '', 'utf8')).replaceAll('\n', ''),
  });
  assert.ok(response.ok, await response.text());
}
