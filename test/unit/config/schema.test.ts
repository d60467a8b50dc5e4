import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { InputConfig } from '../../../src/config/inputs/inputs.ts';
import type { CommandConfig } from '../../../src/config/commands-schema.ts';
import { parseConfig } from '../../../src/config/parse.ts';
import type { EstSettings } from '../../../src/config/est-schema.ts';
import type { JsonObject } from '../../../src/config/payload.ts';
import type { SecretSource } from '../../../src/config/secret-source.ts';
import type { LogArea, LogLevel } from '../../../src/log-areas.ts';
import type { MessageRuleConfig } from '../../../src/config/messages-schema.ts';
import type { Config } from '../../../src/config/schema.ts';
import { Secret } from '../../../src/lib/secret.ts';

interface Files {
  kind: 'files';
  certificate: string;
  privateKey: string;
  passphrase?: SecretSource;
}

/** What the rest of the program is written against; the compiler holds the schema to it, both ways. */
interface Expected {
  provisioning:
    | {
        source: 'dps';
        globalEndpoint: { host: string; port: number };
        scopeId: string;
        attestation:
          | {
              method: 'symmetric_key';
              registrationId: string;
              keys: { kind: 'device' | 'group'; primary: SecretSource; secondary?: SecretSource };
            }
          | {
              method: 'x509';
              registrationId?: string;
              primary: Files | { kind: 'est'; settings: EstSettings };
              secondary?: Files;
            };
        payload?: JsonObject;
        dynamicReprovisioning: boolean;
        alwaysReprovisionOnStartup: boolean;
        deadlineMs: number;
      }
    | {
        source: 'manual';
        attestation:
          | { method: 'connection_string'; connectionString: SecretSource }
          | { method: 'x509'; hub: string; deviceId: string; primary: Files; secondary?: Files };
      };
  trustBundleCert?: string;
  stateDirectory?: string;
  proxy?: SecretSource;
  noProxy: readonly string[];
  network: { addressFamilyTimeoutMs: number };
  clock: { waitForSyncMs: number };
  connection: {
    transport: 'mqtt' | 'mqtt_ws' | 'auto';
    keepAliveMs: number;
    connectTimeoutMs: number;
    ackTimeoutMs: number;
    stableAfterMs: number;
    retry: { initialMs: number; maximumMs: number };
    rejectedRetry: { initialMs: number; maximumMs: number };
    reprovisionAfterFailures: number;
    reprovisionAfterMs: number;
    reprovisionSpreadMs: number;
  };
  telemetry: {
    inputs: InputConfig[];
    batch: { maxReadings: number; maxBytes: number; maxDelayMs: number; compression: 'none' | 'gzip' };
    budget: { messagesPerDay?: number; bytesPerMonth?: number };
    queue: {
      durability: 'flush' | 'always';
      flushIntervalMs: number;
      maxBytes: number;
      minFreeBytes: number;
      memoryMaxBytes: number;
      priorities: Record<'high' | 'normal' | 'low', { maxBytes: number; ttlMs?: number }>;
    };
    window: number;
    drainRatePerSecond: number;
  };
  onMessage: readonly MessageRuleConfig[];
  localApi: { path?: string; mode: number; group?: string; tcpPort?: number };
  reporting: { intervalMs: number };
  settings: { confirmMs: number };
  methods: { deadlineMs: number; atOnce: number; allow: readonly ('runCommand' | 'reboot')[] };
  commands: readonly CommandConfig[];
  log: {
    level: LogLevel;
    areas: Readonly<Partial<Record<LogArea, LogLevel>>>;
    ringBytes: number;
    forMs?: number;
  };
}

const megabyte = 1024 * 1024;

describe('the schema', () => {
  it('has these defaults', () => {
    const key = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=';
    const text = [
      'provisioning:',
      '  source: dps',
      '  scope_id: 0ne0012ABCD',
      `  attestation: { method: symmetric_key, registration_id: gateway-01, symmetric_key: ${key} }`,
    ].join('\n');
    const config: Expected = parseConfig(text, 'config.yaml').config;
    const expected: Expected = {
      provisioning: {
        source: 'dps',
        globalEndpoint: { host: 'global.azure-devices-provisioning.net', port: 8883 },
        scopeId: '0ne0012ABCD',
        attestation: {
          method: 'symmetric_key',
          registrationId: 'gateway-01',
          keys: { kind: 'device', primary: { kind: 'plain', value: new Secret(key) } },
        },
        dynamicReprovisioning: true,
        alwaysReprovisionOnStartup: false,
        deadlineMs: 120_000,
      },
      noProxy: [],
      network: { addressFamilyTimeoutMs: 5_000 },
      clock: { waitForSyncMs: 60_000 },
      connection: {
        transport: 'auto',
        keepAliveMs: 25_000,
        connectTimeoutMs: 20_000,
        ackTimeoutMs: 60_000,
        stableAfterMs: 60_000,
        retry: { initialMs: 1_000, maximumMs: 60_000 },
        rejectedRetry: { initialMs: 300_000, maximumMs: 3_600_000 },
        reprovisionAfterFailures: 10,
        reprovisionAfterMs: 900_000,
        reprovisionSpreadMs: 60_000,
      },
      telemetry: {
        inputs: [
          {
            name: 'system',
            type: 'system',
            intervalMs: 60_000,
            priority: 'normal',
            properties: {},
            enabled: true,
            onError: 'retry',
            figures: [
              'cpu',
              'load',
              'memory',
              'disk',
              'temperature',
              'uptime',
              'network',
              'throttling',
              'disk_wear',
            ],
          },
        ],
        batch: { maxReadings: 1, maxBytes: 4096, maxDelayMs: 10_000, compression: 'none' },
        budget: {},
        queue: {
          durability: 'flush',
          flushIntervalMs: 1_000,
          maxBytes: 256 * megabyte,
          minFreeBytes: 64 * megabyte,
          memoryMaxBytes: 8 * megabyte,
          priorities: {
            high: { maxBytes: 256 * megabyte },
            normal: { maxBytes: 256 * megabyte },
            low: { maxBytes: 128 * megabyte },
          },
        },
        window: 64,
        drainRatePerSecond: 20,
      },
      reporting: { intervalMs: 60_000 },
      settings: { confirmMs: 300_000 },
      onMessage: [],
      localApi: { mode: 0o600 },
      methods: { deadlineMs: 25_000, atOnce: 4, allow: [] },
      commands: [],
      log: { level: 'info', areas: {}, ringBytes: 524_288 },
    };
    const back: Config = expected;
    assert.deepEqual(config, back);
  });
});
