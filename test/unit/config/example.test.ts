import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { parseConfig } from '../../../src/config/parse.ts';
import type { Config } from '../../../src/config/schema.ts';
import { logAreas } from '../../../src/log-areas.ts';

const example = readFileSync(new URL('../../../config/config.example.yaml', import.meta.url), 'utf8');

/** `#key: value` is a default; `# For example:` is followed by lines that begin `#   `. */
const defaultLine = /^( *)#(?=[a-z_]+:|- | {2}[a-z])/;
const exampleLine = /^( *)# {3}/;

describe('config.example.yaml', () => {
  it('is valid as it is', () => {
    assert.deepEqual(parseConfig(example, 'config.example.yaml').warnings, []);
  });

  it('shows the defaults: nothing changes when all of them are written out', () => {
    const written = example.split('\n').map((line) => line.replace(defaultLine, '$1'));
    assert.ok(written.includes('  keep_alive: 25s') && written.includes('    interval: 60s'));
    assert.deepEqual(read(written.join('\n')), read(example));
  });

  it('comments out every key that has a default, so that the test above compares them all', () => {
    const given = read(example);
    const least = read(
      'provisioning: {source: dps, scope_id: x, attestation: {method: symmetric_key, registration_id: x, ' +
        'symmetric_key: AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=}}',
    );
    assert.deepEqual(
      { ...given, provisioning: { ...given.provisioning, scopeId: 'x', attestation: 'x' } },
      { ...least, provisioning: { ...least.provisioning, attestation: 'x' } },
    );
  });

  it('gives examples that are valid: another key', () => {
    const { attestation } = read(withExample('group_key').replace(/^ *symmetric_key: .*$/m, '')).provisioning;
    assert.ok(attestation.method === 'symmetric_key');
    assert.equal(attestation.keys.kind, 'group');
  });

  it('gives examples that are valid: a second key', () => {
    const { attestation } = read(withExample('secondary_symmetric_key')).provisioning;
    assert.ok(attestation.method === 'symmetric_key');
    assert.deepEqual(attestation.keys.secondary, { kind: 'file', path: '/etc/dps-agent/secondary-key' });
  });

  it('gives examples that are valid: a certificate', () => {
    assert.deepEqual(read(withAttestation(1)).provisioning.attestation, { method: 'x509', primary: device });
  });

  it('gives examples that are valid: two certificates with passphrases', () => {
    assert.deepEqual(read(withAttestation(2)).provisioning.attestation, {
      method: 'x509',
      primary: { ...device, passphrase: { kind: 'file', path: '/etc/dps-agent/passphrase' } },
      secondary: {
        kind: 'files',
        certificate: '/etc/dps-agent/second.pem',
        privateKey: '/etc/dps-agent/second.key.pem',
        passphrase: { kind: 'credential', name: 'second-passphrase' },
      },
    });
  });

  it('gives examples that are valid: a certificate by EST, with the defaults of its renewal', () => {
    const shown = withAttestation(3);
    assert.match(shown, /^ *rotate_key: true$/m);
    const { attestation } = read(shown).provisioning;
    assert.ok(
      attestation.method === 'x509' && 'primary' in attestation && attestation.primary.kind === 'est',
    );
    assert.equal(attestation.primary.settings.username, 'my-gateway-01');
    assert.deepEqual(read(shown.replace(/^ *auto_renew:\n(.*: .*\n){3}/m, '')), read(shown));
  });

  it('gives examples that are valid: without DPS', () => {
    const manual = withoutDps('device_connection_string');
    assert.equal(read(manual).provisioning.attestation.method, 'connection_string');
    assert.deepEqual(read(withoutDps('authentication')).provisioning.attestation, {
      method: 'x509',
      hub: 'my-hub.azure-devices.net',
      deviceId: 'my-gateway-01',
      primary: device,
    });
  });

  it('gives examples that are valid: how IoT Edge 1.2 says when to ask DPS, a proxy', () => {
    const { provisioning } = read(withExample('auto_reprovisioning_mode'));
    assert.ok(provisioning.source === 'dps' && provisioning.dynamicReprovisioning);
    assert.deepEqual(read(withExample('proxy')).proxy, { kind: 'file', path: '/etc/dps-agent/proxy-url' });
  });

  it('gives examples that are valid: an input of each type', () => {
    const inputs = [1, 2, 3, 4, 5, 6].flatMap((nth) => read(withExample('inputs', nth)).telemetry.inputs);
    assert.deepEqual(
      inputs.map(({ type }) => type),
      ['system', 'file', 'exec', 'mqtt', 'http', 'socket'],
    );
    assert.deepEqual(inputs[0]?.batch, {
      maxReadings: 10,
      maxBytes: 4096,
      maxDelayMs: 600_000,
      compression: 'none',
    });
    assert.equal(inputs[0].process?.length, 5);
  });

  it('gives examples that are valid: a budget, how long messages are kept, the socket', () => {
    assert.deepEqual(read(withExample('messages_per_day')).telemetry.budget, { messagesPerDay: 8000 });
    assert.deepEqual(read(withExample('bytes_per_month')).telemetry.budget, { bytesPerMonth: 471_859_200 });
    for (const [nth, priority, days] of [
      [1, 'high', 365],
      [2, 'normal', 90],
      [3, 'low', 7],
    ] as const)
      assert.equal(
        read(withExample('ttl', nth)).telemetry.queue.priorities[priority].ttlMs,
        days * 86_400_000,
      );
    assert.equal(read(withExample('path')).localApi.group, 'sensors');
  });

  it('gives examples that are valid: what is done with messages', () => {
    const rules = read(withExample('- name')).onMessage;
    assert.deepEqual(
      rules.map(({ name, action }) => [name, action.kind]),
      [
        ['valve', 'command'],
        ['line', 'publish'],
        ['on_message[2]', 'local_api'],
      ],
    );
  });

  it('gives examples that are valid: commands', () => {
    const { commands } = read(withExample('- name', 3));
    assert.deepEqual(
      commands.map(({ name, argsBy }) => [name, argsBy]),
      [
        ['restart-service', 'name'],
        ['ping', 'position'],
      ],
    );
  });

  it('gives examples that are valid: a level for each part of the program', () => {
    assert.deepEqual(Object.keys(read(withExample('connection')).log.areas).toSorted(), logAreas.toSorted());
  });

  it('gives examples that are valid: payload, trust bundle, state directory', () => {
    const { provisioning } = read(withExample('payload'));
    assert.deepEqual(provisioning.source === 'dps' && provisioning.payload, {
      model: 'pump-controller',
      site: { country: 'NO', building: 7 },
    });
    assert.equal(read(withExample('trust_bundle_cert')).trustBundleCert, '/etc/dps-agent/private-ca.pem');
    assert.equal(read(withExample('state_directory')).stateDirectory, '/var/lib/dps-agent');
  });
});

function read(text: string): Config {
  return parseConfig(text, 'config.example.yaml').config;
}

const device = {
  kind: 'files',
  certificate: '/etc/dps-agent/device.pem',
  privateKey: '/etc/dps-agent/device.key.pem',
};

/** The example with the lines uncommented that show this key: the `nth` time, up to the next line that is none of them. */
function withExample(key: string, nth = 1): string {
  let [inside, seen] = [false, 0];
  const lines = example.split('\n').map((line) => {
    if (line.includes(`#   ${key}:`)) seen += 1;
    inside = exampleLine.test(line) && (inside || (seen === nth && line.includes(`#   ${key}:`)));
    return inside ? line.replace(exampleLine, '$1') : line;
  });
  return lines.join('\n');
}

/** With the `nth` attestation section of the examples instead of the one with a key. */
function withAttestation(nth: number): string {
  return withExample('attestation', nth).replace(
    /^ {2}attestation:\n(?: {4}#.*\n|\n)* {4}method: symm[^]*?^ {4}sym.*$/m,
    '',
  );
}

/** With source manual, this key, and none of those that are for DPS. */
function withoutDps(key: string): string {
  return withExample(key)
    .replace(/^ {2}attestation:\n(?: {4}#.*\n|\n)* {4}method: symm[^]*?^ {4}sym.*$/m, '')
    .replace(/^ {2}scope_id: .*$/m, '')
    .replace('source: dps', 'source: manual');
}
