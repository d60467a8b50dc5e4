import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import { loadConfig } from '../../../src/config/load.ts';
import { parseConfig } from '../../../src/config/parse.ts';
import { ConfigProblems } from '../../../src/config/problems.ts';
import { ConfigError } from '../../../src/lib/errors.ts';

const fixtures = join(import.meta.dirname, '../../fixtures/config');
/** Every key in the fixtures is this one, the bytes 0 to 31. */
const secret = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=';

describe('broken configurations', () => {
  const broken = yamlFiles('broken');

  it('are at least thirty', () => {
    assert.ok(broken.length >= 30);
  });

  for (const path of broken) {
    it(`${basename(path)} says exactly what is wrong`, async () => {
      const expected = readFileSync(path.replace(/yaml$/, 'txt'), 'utf8');
      const error = await problemsOf(path);
      assert.equal(`${error.message.replaceAll(path, basename(path))}\n`, expected);
    });

    it(`${basename(path)} leaks no part of a key, however the error is printed`, async () => {
      const error = await problemsOf(path);
      const printed = [error.message, error.stack, JSON.stringify(error), inspect(error, { depth: 9 })].join(
        '\n',
      );
      for (let start = 0; start + 6 <= secret.length; start += 1) {
        assert.ok(!printed.includes(secret.slice(start, start + 6)), printed);
      }
    });
  }

  it('have a text each, and no text is left over', () => {
    const texts = readdirSync(join(fixtures, 'broken')).filter((name) => name.endsWith('.txt'));
    assert.deepEqual(
      texts.map((name) => name.replace(/txt$/, 'yaml')).sort(),
      broken.map((path) => basename(path)),
    );
  });
});

describe('valid configurations', () => {
  for (const path of yamlFiles('valid')) {
    it(`${basename(path)} is accepted`, async () => {
      const { config } = await loadConfig(path);
      assert.equal(config.provisioning.scopeId, '0ne0012ABCD');
    });
  }

  it('differ in line ends, byte order mark and empty sections only, and so are the same', () => {
    const least = load('least-symmetric-key').config;
    for (const name of ['windows-line-ends', 'byte-order-mark', 'empty-sections-are-defaults']) {
      assert.deepEqual(load(name).config, least, name);
    }
  });

  it('reads a whole IoT Edge 1.1 file and warns of each section it does not use', () => {
    const { config, warnings } = load('iot-edge-1.1-symmetric-key');
    assert.deepEqual(config.provisioning, {
      source: 'dps',
      globalEndpoint: { host: 'global.azure-devices-provisioning.net', port: 8883 },
      scopeId: '0ne0012ABCD',
      attestation: {
        method: 'symmetric_key',
        registrationId: 'gateway-01',
        key: { kind: 'device', value: secretOf(config) },
      },
      dynamicReprovisioning: false,
      alwaysReprovisionOnStartup: true,
      deadlineMs: 120_000,
    });
    assert.deepEqual(warnings, [
      'config.yaml:14:1: certificates: belongs to IoT Edge, ignored by dps-agent; a private CA for DPS and IoT Hub goes into trust_bundle_cert',
      'config.yaml:20:1: agent: belongs to IoT Edge, ignored by dps-agent',
      'config.yaml:28:1: hostname: belongs to IoT Edge, ignored by dps-agent',
      'config.yaml:29:1: parent_hostname: belongs to IoT Edge, ignored by dps-agent',
      'config.yaml:31:1: watchdog: belongs to IoT Edge, ignored by dps-agent',
      'config.yaml:34:1: connect: belongs to IoT Edge, ignored by dps-agent',
      'config.yaml:38:1: listen: belongs to IoT Edge, ignored by dps-agent',
      'config.yaml:42:1: homedir: belongs to IoT Edge, ignored by dps-agent',
      'config.yaml:44:1: moby_runtime: belongs to IoT Edge, ignored by dps-agent',
    ]);
  });

  it('reads an IoT Edge 1.1 file with a certificate', () => {
    assert.deepEqual(load('iot-edge-1.1-x509').config.provisioning.attestation, {
      method: 'x509',
      identityCert: '/etc/iotedge/identity chain.pem',
      identityPk: '/etc/iotedge/identity.key.pem',
    });
  });

  it('keeps a key in a Secret, and tells a group key from a device key', () => {
    assert.equal(secretOf(load('least-symmetric-key').config).reveal(), secret);
    const group = load('group-key').config;
    assert.ok(group.provisioning.attestation.method === 'symmetric_key');
    assert.equal(group.provisioning.attestation.key.kind, 'group');
    assert.ok(!inspect(group, { depth: 9 }).includes(secret));
    assert.ok(!JSON.stringify(group).includes(secret));
  });

  it('reads every key there is', () => {
    assert.deepEqual(load('everything').config, {
      provisioning: {
        source: 'dps',
        globalEndpoint: { host: 'dps.example', port: 18883 },
        scopeId: '0ne0012ABCD',
        attestation: {
          method: 'x509',
          registrationId: 'Gateway.01:a_b-',
          identityCert: '/etc/dps-agent/device.pem',
          identityPk: '/etc/dps-agent/device.key.pem',
        },
        payload: { model: { name: 'pump', tags: ['a', null, 1.5, true] } },
        dynamicReprovisioning: false,
        alwaysReprovisionOnStartup: true,
        deadlineMs: 3_600_000,
      },
      trustBundleCert: '/etc/dps-agent/private ca.pem',
      stateDirectory: '/var/lib/dps-agent',
      connection: {
        keepAliveMs: 1_177_000,
        connectTimeoutMs: 1_000,
        ackTimeoutMs: 30_000,
        stableAfterMs: 3_600_000,
        retry: { initialMs: 500, maximumMs: 5_400_000 },
        rejectedRetry: { initialMs: 60_000, maximumMs: 86_400_000 },
        reprovisionAfterFailures: 3,
      },
      telemetry: {
        inputs: [
          { name: 'fast', type: 'system', intervalMs: 1_500 },
          { name: 'slow', type: 'system', intervalMs: 60_000 },
        ],
        queue: { maxMessages: 5 },
        window: 1,
      },
      log: { level: 'debug' },
    });
  });

  it('resolves anchors', () => {
    const { retry, rejectedRetry } = load('anchors').config.connection;
    assert.deepEqual(rejectedRetry, retry);
    assert.deepEqual(retry, { initialMs: 2_000, maximumMs: 20_000 });
  });
});

describe('a damaged configuration', () => {
  const text = readFileSync(join(fixtures, 'valid/iot-edge-1.1-symmetric-key.yaml'), 'utf8');
  const damages: [string, (at: number) => string][] = [
    ['cut off', (at) => text.slice(0, at)],
    ['with a line break', (at) => `${text.slice(0, at)}\n${text.slice(at)}`],
    ['with a quote', (at) => `${text.slice(0, at)}"${text.slice(at)}`],
  ];
  for (const [name, damage] of damages) {
    it(`${name} anywhere is read or refused, never a crash, and shows no key`, () => {
      for (let at = 0; at < text.length; at += 3) {
        try {
          parseConfig(damage(at), 'config.yaml');
        } catch (error) {
          assert.ok(error instanceof ConfigProblems, inspect(error));
          assert.ok(
            !error.message.includes(secret.slice(0, 12)) && !error.message.includes(secret.slice(-12)),
          );
        }
      }
    });
  }
});

function yamlFiles(folder: string): string[] {
  const names = readdirSync(join(fixtures, folder)).filter((name) => name.endsWith('.yaml'));
  return names.sort().map((name) => join(fixtures, folder, name));
}

function load(name: string): ReturnType<typeof parseConfig> {
  return parseConfig(readFileSync(join(fixtures, 'valid', `${name}.yaml`), 'utf8'), 'config.yaml');
}

function secretOf(config: ReturnType<typeof parseConfig>['config']): { reveal(): string } {
  assert.ok(config.provisioning.attestation.method === 'symmetric_key');
  return config.provisioning.attestation.key.value;
}

async function problemsOf(path: string): Promise<ConfigProblems> {
  try {
    await loadConfig(path);
  } catch (error) {
    assert.ok(error instanceof ConfigProblems && error instanceof ConfigError);
    return error;
  }
  assert.fail(`${basename(path)} was accepted`);
}
