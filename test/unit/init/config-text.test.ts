import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseConfig } from '../../../src/config/parse.ts';
import type { Config } from '../../../src/config/schema.ts';
import { plannedFiles } from '../../../src/init/config-text.ts';
import type { PlannedFile } from '../../../src/init/config-text.ts';
import type { Identity, Setup } from '../../../src/init/setup.ts';
import { Secret } from '../../../src/lib/secret.ts';

const path = '/etc/dps-agent/config.yaml';
const key = Buffer.alloc(32, 7).toString('base64');
const withKey: Identity = {
  ...{ method: 'symmetric_key', scopeId: '0ne0012ABCD', registrationId: 'pump' },
  key: new Secret(key),
};
const files = { certificate: '/srv/my certs/pump#1.pem', privateKey: '/srv/pump.key.pem' };

const plan = (identity: Identity, over: Partial<Setup> = {}): readonly PlannedFile[] =>
  plannedFiles({ identity, input: 'system', ...over }, path, new Date('2026-11-22T12:30:00Z'));

const configOf = (planned: readonly PlannedFile[]): string => planned.at(-1)?.content ?? '';

function read(identity: Identity, over: Partial<Setup> = {}): Config {
  const { config, warnings } = parseConfig(configOf(plan(identity, over)), path);
  assert.deepEqual(warnings, []);
  return config;
}

describe('the configuration that init writes', () => {
  it('refers to the key, which has a file of its own', () => {
    const planned = plan(withKey);
    assert.deepEqual(
      planned.map((file) => [file.path, file.isSecret]),
      [
        ['/etc/dps-agent/device-key', true],
        [path, false],
      ],
    );
    assert.equal(planned[0]?.content, `${key}\n`);
    const { attestation } = read(withKey).provisioning;
    assert.ok(attestation.method === 'symmetric_key');
    assert.deepEqual(attestation.keys.primary, { kind: 'file', path: '/etc/dps-agent/device-key' });
  });

  it('holds no secret, whatever there is', () => {
    const secrets = [
      'passphrase-1',
      `HostName=h.example;DeviceId=d;SharedAccessKey=${key}`,
      'http://u:word@p:3128',
    ];
    const [passphrase, connectionString, proxy] = secrets.map((text) => new Secret(text));
    assert.ok(passphrase !== undefined && connectionString !== undefined);
    const all = [
      plan({ method: 'x509', scopeId: 's', ...files, passphrase }, { proxy }),
      plan({ method: 'connection_string', connectionString }, { proxy }),
    ];
    for (const planned of all) for (const secret of secrets) assert.ok(!configOf(planned).includes(secret));
    assert.deepEqual(all[0]?.map((file) => file.content.trim()).slice(0, 2), [secrets[0], secrets[2]]);
  });

  it('can be read for each way of proving who the device is', () => {
    const { attestation } = read({
      method: 'x509',
      scopeId: 's',
      registrationId: 'pump',
      ...files,
    }).provisioning;
    assert.deepEqual(attestation, {
      method: 'x509',
      registrationId: 'pump',
      primary: { kind: 'files', ...files },
    });
    const atHub = read({ method: 'hub_x509', hub: 'h.example', deviceId: 'pump+1', ...files }).provisioning;
    assert.ok(atHub.source === 'manual' && atHub.attestation.method === 'x509');
    assert.deepEqual([atHub.attestation.hub, atHub.attestation.deviceId], ['h.example', 'pump+1']);
    const connectionString = new Secret('not read here');
    const { source } = read({ method: 'connection_string', connectionString }).provisioning;
    assert.equal(source, 'manual');
  });

  it('says what else was asked for, and nothing that was not', () => {
    const config = read(withKey, {
      ...{ endpoint: 'localhost:8884', trustBundle: '/srv/ca.pem', stateDirectory: '/srv/state: 1' },
      ...{ noProxy: ['.example', '10.0.0.7'], transport: 'mqtt_ws' },
      ...{ dynamicReprovisioning: false, alwaysReprovisionOnStartup: true },
    });
    const { provisioning } = config;
    assert.ok(provisioning.source === 'dps');
    assert.deepEqual(provisioning.globalEndpoint, { host: 'localhost', port: 8884 });
    assert.deepEqual(
      [provisioning.dynamicReprovisioning, provisioning.alwaysReprovisionOnStartup],
      [false, true],
    );
    assert.deepEqual([config.trustBundleCert, config.stateDirectory], ['/srv/ca.pem', '/srv/state: 1']);
    assert.deepEqual([config.noProxy, config.connection.transport], [['.example', '10.0.0.7'], 'mqtt_ws']);
    assert.deepEqual(
      [...configOf(plan(withKey)).matchAll(/^ *([a-z_]+):/gm)].map(([, name]) => name),
      [
        'version',
        'provisioning',
        'source',
        'scope_id',
        'attestation',
        'method',
        'registration_id',
        'symmetric_key',
      ].concat(['telemetry', 'inputs', 'type', 'interval']),
    );
  });

  it('has the input that was chosen', () => {
    const inputs = (['system', 'socket', 'none'] as const).map(
      (input) => read(withKey, { input }).telemetry.inputs,
    );
    assert.deepEqual(
      inputs.map((list) => list.map(({ name, type }) => `${name} ${type}`)),
      [['system system'], ['posted socket'], []],
    );
  });

  it('keeps as text what YAML would take for something else', () => {
    for (const id of ['0042', 'true', '1e3', 'no', '-', 'a:b', '0x1f', 'null', '1.5']) {
      const identity: Identity = { ...withKey, registrationId: id };
      const config: Config = read(identity);
      const { attestation } = config.provisioning;
      assert.equal('registrationId' in attestation && attestation.registrationId, id);
    }
  });

  it('has a comment for whoever opens it, with the day', () => {
    assert.match(configOf(plan(withKey)), /^# .*made by "dps-agent init" on 2026-11-22\.\n/);
  });
});
