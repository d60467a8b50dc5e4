import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import { loadConfig } from '../../../src/config/load.ts';
import { parseConfig } from '../../../src/config/parse.ts';
import { ConfigProblems } from '../../../src/config/problems.ts';
import { ConfigError } from '../../../src/lib/errors.ts';
import { Secret } from '../../../src/lib/secret.ts';

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
      const { provisioning } = (await loadConfig(path)).config;
      assert.equal(provisioning.source === 'dps' ? provisioning.scopeId : '0ne0012ABCD', '0ne0012ABCD');
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
        keys: { kind: 'device', primary: { kind: 'plain', value: secretOf(config) } },
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
      primary: files('/etc/iotedge/identity chain.pem', '/etc/iotedge/identity.key.pem'),
    });
  });

  it('keeps a key in a Secret, and tells a group key from a device key', () => {
    assert.equal(secretOf(load('least-symmetric-key').config).reveal(), secret);
    const group = load('group-key').config;
    assert.ok(group.provisioning.attestation.method === 'symmetric_key');
    assert.equal(group.provisioning.attestation.keys.kind, 'group');
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
          primary: files('/etc/dps-agent/device.pem', '/etc/dps-agent/device.key.pem'),
        },
        payload: { model: { name: 'pump', tags: ['a', null, 1.5, true] } },
        dynamicReprovisioning: false,
        alwaysReprovisionOnStartup: true,
        deadlineMs: 3_600_000,
      },
      trustBundleCert: '/etc/dps-agent/private ca.pem',
      stateDirectory: '/var/lib/dps-agent',
      proxy: { kind: 'file', path: '/etc/dps-agent/proxy' },
      noProxy: ['.example', '10.0.0.0/8', '[::1]'],
      network: { addressFamilyTimeoutMs: 250 },
      clock: { waitForSyncMs: 0 },
      connection: {
        transport: 'mqtt_ws',
        keepAliveMs: 1_177_000,
        connectTimeoutMs: 1_000,
        ackTimeoutMs: 30_000,
        stableAfterMs: 3_600_000,
        retry: { initialMs: 500, maximumMs: 5_400_000 },
        rejectedRetry: { initialMs: 60_000, maximumMs: 86_400_000 },
        reprovisionAfterFailures: 3,
        reprovisionAfterMs: 60_000,
        reprovisionSpreadMs: 0,
      },
      telemetry: {
        inputs: [
          {
            name: 'fast',
            type: 'system',
            intervalMs: 1_500,
            component: 'gateway',
            priority: 'high',
            ttlMs: 3_600_000,
            properties: { site: 'oslo', floor: '3' },
            enabled: false,
            onError: 'ignore',
            batch: { maxReadings: 10, maxBytes: 204_800, maxDelayMs: 0, compression: 'gzip' },
            figures: ['disk', 'cpu'],
          },
          {
            name: 'slow',
            type: 'system',
            intervalMs: 60_000,
            priority: 'normal',
            properties: {},
            enabled: true,
            onError: 'retry',
            figures: ['uptime'],
          },
        ],
        batch: { maxReadings: 10_000, maxBytes: 1024, maxDelayMs: 86_400_000, compression: 'gzip' },
        budget: { messagesPerDay: 8_000, bytesPerMonth: 524_288_000 },
        queue: {
          durability: 'always',
          flushIntervalMs: 100,
          maxBytes: 65_536,
          minFreeBytes: 0,
          memoryMaxBytes: 1_048_576,
          priorities: {
            high: { maxBytes: 1_073_741_824, ttlMs: 315_360_000_000 },
            normal: { maxBytes: 10_485_760, ttlMs: 604_800_000 },
            low: { maxBytes: 1_048_576, ttlMs: 1_000 },
          },
        },
        window: 1,
        drainRatePerSecond: 0.5,
      },
      reporting: { intervalMs: 86_400_000 },
      settings: { confirmMs: 30_000 },
      onMessage: [
        {
          name: 'valve',
          match: {
            properties: { command: 'set-*' },
            messageId: 'job-*',
            contentType: 'application/json',
          },
          attempts: 2,
          retry: { initialMs: 2000, maximumMs: 3000 },
          action: {
            kind: 'command',
            command: ['set-valve', '--now'],
            user: '1000',
            timeoutMs: 60_000,
            maxOutputBytes: 1024,
            environment: { VALVE: 'main' },
            directory: '/var/lib/valve',
          },
        },
        {
          name: 'on_message[1]',
          match: { properties: {} },
          attempts: 5,
          retry: { initialMs: 1000, maximumMs: 60_000 },
          action: {
            kind: 'publish',
            broker: { tls: true, host: 'broker.example', port: 8883 },
            topic: 'commands/{command}',
            retain: true,
            username: 'agent',
            password: { kind: 'env', name: 'BROKER_PASSWORD' },
            trustedCerts: ['/etc/dps-agent/broker-ca.pem'],
            clientCertificate: {
              certificate: '/etc/dps-agent/broker.pem',
              privateKey: '/etc/dps-agent/broker.key.pem',
            },
          },
        },
        {
          name: 'on_message[2]',
          match: { properties: {} },
          attempts: 5,
          retry: { initialMs: 1000, maximumMs: 60_000 },
          action: { kind: 'local_api' },
        },
      ],
      localApi: { path: '/run/gateway.sock', mode: 0o660, group: 'sensors', tcpPort: 8080 },
      methods: { deadlineMs: 300_000, atOnce: 1, allow: ['reboot', 'runCommand'] },
      commands: [
        {
          name: 'reset_modem-2',
          command: ['/usr/bin/mmcli', '--modem=modem-{number}', '--{action}', '{action}'],
          args: [
            { name: 'number', pattern: '[0-9]{1,3}' },
            { name: 'action', pattern: 'reset|restart' },
          ],
          argsBy: 'name',
          user: '1000',
          directory: '/var/lib/modem',
          timeoutMs: 3_600_000,
          maxOutputBytes: 32_768,
        },
        {
          name: 'reboot',
          command: ['reboot'],
          args: [],
          argsBy: 'name',
          timeoutMs: 30_000,
          maxOutputBytes: 16_384,
        },
        {
          name: 'ping',
          command: ['ping', '-c', '3', '{1}'],
          args: [{ name: '1', pattern: '[a-z0-9.-]+' }],
          argsBy: 'position',
          timeoutMs: 30_000,
          maxOutputBytes: 16_384,
        },
      ],
      log: { level: 'debug', areas: { connection: 'warn', local_api: 'error' }, ringBytes: 16_777_216 },
    });
  });

  it('reads an IoT Edge 1.1 file with a device connection string', () => {
    const { provisioning } = load('iot-edge-1.1-manual').config;
    assert.ok(provisioning.attestation.method === 'connection_string');
    const { connectionString } = provisioning.attestation;
    assert.ok(connectionString.kind === 'plain');
    assert.equal(
      connectionString.value.reveal(),
      `HostName=h.azure-devices.net;DeviceId=d;SharedAccessKey=${secret}`,
    );
    assert.equal(provisioning.source, 'manual');
  });

  it('reads an IoT Edge 1.1 file with a certificate for one hub', () => {
    assert.deepEqual(load('iot-edge-1.1-manual-x509').config.provisioning, {
      source: 'manual',
      attestation: {
        method: 'x509',
        hub: 'my-hub.azure-devices.net',
        deviceId: 'Gateway#01',
        primary: files('/etc/iotedge/device.pem', '/etc/iotedge/device.key.pem'),
      },
    });
  });

  it('takes the names that IoT Edge 1.2 and later have for the same', () => {
    const { provisioning } = load('iot-edge-1.4-names').config;
    assert.ok(provisioning.source === 'dps');
    assert.deepEqual(
      [provisioning.dynamicReprovisioning, provisioning.alwaysReprovisionOnStartup],
      [false, false],
    );
    assert.deepEqual(load('iot-edge-1.4-manual').config.provisioning.attestation, {
      method: 'connection_string',
      connectionString: { kind: 'env', name: 'CONNECTION_STRING' },
    });
  });

  for (const [mode, dynamic, always] of [
    ['Dynamic', true, false],
    ['AlwaysOnStartup', true, true],
    ['OnErrorOnly', false, false],
  ] as const) {
    it(`${mode} is said in two keys too`, () => {
      const text = readFileSync(join(fixtures, 'valid/iot-edge-1.4-names.yaml'), 'utf8');
      const { provisioning } = parseConfig(text.replace('OnErrorOnly', mode), 'config.yaml').config;
      assert.ok(provisioning.source === 'dps');
      assert.equal(provisioning.dynamicReprovisioning, dynamic);
      assert.equal(provisioning.alwaysReprovisionOnStartup, always);
    });
  }

  it('keeps where a secret stands', () => {
    const { provisioning, proxy } = load('secrets-by-reference').config;
    assert.ok(provisioning.attestation.method === 'symmetric_key');
    assert.deepEqual(provisioning.attestation.keys, {
      kind: 'group',
      primary: { kind: 'credential', name: 'group-key' },
      secondary: { kind: 'file', path: '/run/secrets/group key' },
    });
    assert.deepEqual(proxy, { kind: 'env', name: 'PROXY_URL' });
  });

  it('reads two certificates with their passphrases', () => {
    assert.deepEqual(load('two-certificates').config.provisioning.attestation, {
      method: 'x509',
      primary: {
        ...files('/etc/dps-agent/device.pem', '/etc/dps-agent/device.key.pem'),
        passphrase: { kind: 'file', path: '/etc/dps-agent/passphrase' },
      },
      secondary: {
        ...files('/etc/dps-agent/second.pem', '/etc/dps-agent/second.key.pem'),
        passphrase: { kind: 'credential', name: 'second' },
      },
    });
  });

  it('reads how a certificate is got by EST, in full and with every default', () => {
    const { attestation } = load('est').config.provisioning;
    assert.deepEqual(attestation, {
      method: 'x509',
      registrationId: 'gateway-01',
      primary: {
        kind: 'est',
        settings: {
          url: 'https://est.example:8443/.well-known/est',
          commonName: 'Gateway-01',
          username: 'gateway',
          password: { kind: 'plain', value: new Secret(secret) },
          bootstrap: {
            certificate: '/etc/dps-agent/bootstrap.pem',
            privateKey: '/etc/dps-agent/bootstrap.key.pem',
          },
          trustedCerts: ['/etc/dps-agent/est-ca.pem'],
          threshold: { ms: 30 * 86_400_000 },
          retry: { percent: 2.5 },
          rotateKey: false,
        },
      },
    });
    assert.deepEqual(load('least-est').config.provisioning.attestation, {
      method: 'x509',
      registrationId: 'gateway-01',
      primary: {
        kind: 'est',
        settings: {
          url: 'https://est.example',
          trustedCerts: [],
          threshold: { percent: 80 },
          retry: { percent: 4 },
          rotateKey: true,
        },
      },
    });
  });

  it('warns of capital letters in a registration ID, which IoT Central does not take', () => {
    assert.deepEqual(load('everything').warnings, [
      'config.yaml:8:22: provisioning.attestation.registration_id: has capital letters, which DPS takes and IoT Central does not: there write "gateway.01:a_b-"',
    ]);
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
  const { primary } = config.provisioning.attestation.keys;
  assert.ok(primary.kind === 'plain');
  return primary.value;
}

function files(certificate: string, privateKey: string): object {
  return { kind: 'files', certificate, privateKey };
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
