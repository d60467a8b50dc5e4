import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Config } from '../../../../src/config/schema.ts';
import { twinSettings } from '../../../../src/twin-settings.ts';
import { effectiveConfig } from '../../../../src/twin/settings/table.ts';
import { config, manual, settingOf } from './configured.ts';

interface Row {
  readonly byDefault: unknown;
  readonly good: readonly unknown[];
  /** What is wrong, and the sentence that says so. */
  readonly bad: readonly (readonly [unknown, RegExp])[];
  /** What the configuration is made by the first of the good ones. */
  readonly gives: (config: Config) => unknown;
}

const anyInput = { enabled: true, intervalSeconds: 60 };
const figures = [
  'cpu',
  'load',
  'memory',
  'disk',
  'temperature',
  'uptime',
  'network',
  'throttling',
  'disk_wear',
];
const megabyte = 1024 * 1024;
const days = (count: number): number => count * 86_400;

const seconds = (name: string, minimum: number, maximum: number): Row['bad'] => {
  const range = new RegExp(`^${name} must be a whole number from ${minimum} to ${maximum}, not `);
  return [minimum - 1, maximum + 1, minimum + 0.5, String(minimum), null, [minimum], {}, true].map(
    (value) => [value, range],
  );
};

const table: Readonly<Record<string, Row>> = {
  'telemetry.intervalSeconds': {
    byDefault: 60,
    good: [10, 1, 86_400],
    bad: seconds('intervalSeconds', 1, 86_400),
    gives: ({ telemetry }) =>
      telemetry.inputs.map((input) => ('intervalMs' in input ? input.intervalMs : null)),
  },
  'telemetry.inputs': {
    byDefault: { board: { ...anyInput, figures }, door: anyInput, posted: { enabled: true } },
    good: [
      { board: { figures: ['cpu', 'cpu'], intervalSeconds: 0.1 }, posted: { enabled: false } },
      {},
      { door: {} },
      { door: { enabled: false, intervalSeconds: 86_400 } },
    ],
    bad: [
      [[], /^inputs must be an object of names of inputs, not an empty list$/],
      ['door', /^inputs must be an object of names of inputs, not "door"$/],
      [{ door: 5 }, /^inputs\.door must be an object with any of enabled, intervalSeconds, figures, not 5$/],
      [{ dor: {} }, /^inputs\.dor is unknown; did you mean door\?$/],
      [{ window: {} }, /^inputs\.window is unknown; known here: board, door, posted$/],
      [{ door: { interval: 5 } }, /^inputs\.door\.interval is unknown; did you mean intervalSeconds\?$/],
      [{ door: { enabled: 'no' } }, /^inputs\.door\.enabled must be true or false, not "no"$/],
      [
        { door: { intervalSeconds: 0 } },
        /^inputs\.door\.intervalSeconds must be a number from 0\.1 to 86400, not 0$/,
      ],
      [
        { posted: { intervalSeconds: 5 } },
        /^inputs\.posted\.intervalSeconds: an input of type socket .* has none$/,
      ],
      [{ door: { figures: ['cpu'] } }, /^inputs\.door\.figures: only inputs of type system have them/],
      [
        { board: { figures: [] } },
        /^inputs\.board\.figures must be a list of one or more of .*, not an empty list$/,
      ],
      [{ board: { figures: ['cpu', 'gpu'] } }, /not one with "gpu" in it$/],
    ],
    gives: ({ telemetry }) =>
      telemetry.inputs.map((input) => [
        input.enabled,
        'intervalMs' in input ? input.intervalMs : null,
        input.type === 'system' ? input.figures : null,
      ]),
  },
  'telemetry.batch': {
    byDefault: { maxReadings: 1, maxBytes: 4096, maxDelaySeconds: 10, compression: 'none' },
    good: [
      { maxReadings: 20, maxDelaySeconds: 1.5 },
      { maxReadings: 10_000, maxBytes: 240 * 1024, maxDelaySeconds: 0, compression: 'gzip' },
      {},
    ],
    bad: [
      [
        'none',
        /^batch must be an object with any of maxReadings, maxBytes, maxDelaySeconds, compression, not "none"$/,
      ],
      [{ maxReadings: 0 }, /^batch\.maxReadings must be a whole number from 1 to 10000, not 0$/],
      [{ maxBytes: 1 }, /^batch\.maxBytes must be a whole number from 1024 to 245760, not 1$/],
      [{ maxDelay: 1 }, /^batch\.maxDelay is unknown; did you mean maxDelaySeconds\?$/],
      [{ compression: 'zip' }, /^batch\.compression must be one of none, gzip, not "zip"$/],
    ],
    gives: ({ telemetry }) => telemetry.batch,
  },
  'telemetry.drainRate': {
    byDefault: 20,
    good: [5, 0.1, 10_000],
    bad: [
      [0, /^drainRate must be a number from 0\.1 to 10000, not 0$/],
      ['fast', /not "fast"$/],
    ],
    gives: ({ telemetry }) => telemetry.drainRatePerSecond,
  },
  'telemetry.queue': {
    byDefault: {
      maxBytes: 256 * megabyte,
      minFreeBytes: 64 * megabyte,
      high: { maxBytes: 256 * megabyte },
      normal: { maxBytes: 256 * megabyte },
      low: { maxBytes: 128 * megabyte },
    },
    good: [
      { maxBytes: 10 * megabyte, low: { ttlSeconds: days(7) } },
      { minFreeBytes: 0, high: { maxBytes: 64 * 1024, ttlSeconds: 1 }, normal: {} },
    ],
    bad: [
      [
        { low: { ttlSeconds: 0 } },
        /^queue\.low\.ttlSeconds must be a whole number from 1 to 315360000, not 0$/,
      ],
      [{ maxBytes: 5 }, /^queue\.maxBytes must be a whole number from 65536 to 1099511627776, not 5$/],
      [{ middle: {} }, /^queue\.middle is unknown; known here: maxBytes, minFreeBytes, high, normal, low$/],
    ],
    gives: ({ telemetry: { queue } }) => [queue.maxBytes, queue.minFreeBytes, queue.priorities],
  },
  'telemetry.budget': {
    byDefault: {},
    good: [{ messagesPerDay: 8000 }, { bytesPerMonth: 500 * megabyte }],
    bad: [
      [8000, /^budget must be an object with any of messagesPerDay, bytesPerMonth, not 8000$/],
      [{ messagesPerDay: 0 }, /^budget\.messagesPerDay must be a whole number from 1 to 1000000000, not 0$/],
    ],
    gives: ({ telemetry }) => telemetry.budget,
  },
  'log.level': {
    byDefault: 'info',
    good: ['debug', 'info', 'warn', 'error'],
    bad: [['verbose', /^level must be one of debug, info, warn, error, not "verbose"$/]],
    gives: ({ log }) => log.level,
  },
  'log.areas': {
    byDefault: {},
    good: [{ connection: 'debug' }, {}],
    bad: [
      [{ conection: 'debug' }, /^areas\.conection is unknown; did you mean connection\?$/],
      [{ twin: 'loud' }, /^areas\.twin must be one of debug, info, warn, error, not "loud"$/],
    ],
    gives: ({ log }) => log.areas,
  },
  'log.forSeconds': {
    byDefault: undefined,
    good: [3600, 1, 604_800],
    bad: seconds('forSeconds', 1, 604_800),
    gives: ({ log }) => log.forMs,
  },
  'reporting.intervalSeconds': {
    byDefault: 60,
    good: [300, 5, 86_400],
    bad: seconds('intervalSeconds', 5, 86_400),
    gives: ({ reporting }) => reporting.intervalMs,
  },
  'settings.confirmSeconds': {
    byDefault: 300,
    good: [30, 5, 86_400],
    bad: seconds('confirmSeconds', 5, 86_400),
    gives: ({ settings }) => settings.confirmMs,
  },
  'connection.transport': {
    byDefault: 'auto',
    good: ['mqtt_ws', 'mqtt', 'auto'],
    bad: [['websocket', /^transport must be one of mqtt, mqtt_ws, auto, not "websocket"$/]],
    gives: ({ connection }) => connection.transport,
  },
  'connection.proxy': {
    byDefault: undefined,
    good: ['http://user:pass@proxy.example:3128', 'http://10.0.0.1:8080', 'credential:proxy'],
    bad: [
      ['https://secret@proxy:1', /^proxy: expected http:\/\/host:port .* found https:/],
      ['secret', /^proxy: expected .*, found text of another form$/],
      [{ secret: 1 }, /^proxy must be the URL of a proxy, not an object$/],
    ],
    gives: ({ proxy }) => (proxy?.kind === 'plain' ? proxy.value.reveal() : undefined),
  },
  'connection.keepAliveSeconds': {
    byDefault: 25,
    good: [60, 5, 1177],
    bad: seconds('keepAliveSeconds', 5, 1177),
    gives: ({ connection }) => connection.keepAliveMs,
  },
  'connection.endpoint': {
    byDefault: 'global.azure-devices-provisioning.net:8883',
    good: ['dps.example:18883', 'https://dps.example', '[::1]:8883'],
    bad: [
      ['dps example', /^endpoint: expected a host name/],
      [8883, /^endpoint must be the address of a DPS, not a number$/],
    ],
    gives: ({ provisioning }) => provisioning.source === 'dps' && provisioning.globalEndpoint,
  },
};

/** What the first good value of each makes of the configuration. */
const given: Readonly<Record<string, unknown>> = {
  'telemetry.intervalSeconds': [10_000, 10_000, null],
  'telemetry.inputs': [
    [true, 100, ['cpu']],
    [true, 60_000, null],
    [false, null, null],
  ],
  'telemetry.batch': { maxReadings: 20, maxBytes: 4096, maxDelayMs: 1500, compression: 'none' },
  'telemetry.drainRate': 5,
  'telemetry.queue': [
    10 * megabyte,
    64 * megabyte,
    {
      high: { maxBytes: 256 * megabyte },
      normal: { maxBytes: 256 * megabyte },
      low: { maxBytes: 128 * megabyte, ttlMs: days(7) * 1000 },
    },
  ],
  'telemetry.budget': { messagesPerDay: 8000 },
  'log.level': 'debug',
  'log.areas': { connection: 'debug' },
  'log.forSeconds': 3_600_000,
  'reporting.intervalSeconds': 300_000,
  'settings.confirmSeconds': 30_000,
  'connection.transport': 'mqtt_ws',
  'connection.proxy': 'http://user:pass@proxy.example:3128',
  'connection.keepAliveSeconds': 60_000,
  'connection.endpoint': { host: 'dps.example', port: 18_883 },
};

describe('what may be steered', () => {
  it('is what is tested here, all of it', () => {
    const ids = twinSettings.settings.map(({ id }) => id);
    assert.deepEqual([Object.keys(table), Object.keys(given)], [ids, ids]);
  });

  for (const [id, { byDefault, good, bad, gives }] of Object.entries(table)) {
    const setting = settingOf(id);

    it(`${id}: its default is read from the configuration`, () => {
      assert.deepEqual(setting.read(config), byDefault);
    });

    it(`${id}: takes what it may be`, () => {
      for (const value of good) assert.ok('value' in setting.check(value, config), JSON.stringify(value));
    });

    it(`${id}: refuses the rest, saying what, the range, and what was found`, () => {
      for (const [value, sentence] of bad) {
        const checked = setting.check(value, config);
        assert.match('problem' in checked ? checked.problem : 'nothing', sentence, JSON.stringify(value));
        assert.equal(setting.apply(config, value), config);
      }
    });

    it(`${id}: changes the configuration, and leaves the one it was given as it is`, () => {
      const before = JSON.stringify(config);
      assert.deepEqual(gives(setting.apply(config, good[0])), given[id]);
      assert.equal(JSON.stringify(config), before);
    });

    it(`${id}: is read back as it was set`, () => {
      if (setting.secret === true) return;
      for (const value of good.slice(0, 1)) {
        const back = setting.read(setting.apply(config, value));
        assert.deepEqual(back, merged(byDefault, value));
      }
    });
  }

  it('needs a new connection for nothing but the connection', () => {
    for (const { component, reconnects = false } of twinSettings.settings)
      assert.equal(reconnects, component === 'connection');
  });

  it('shows no secret in a sentence', () => {
    for (const [value] of table['connection.proxy']?.bad ?? []) {
      const checked = settingOf('connection.proxy').check(value, config);
      assert.doesNotMatch(JSON.stringify(checked), /secret/);
    }
  });

  it('does not let a device without DPS ask another one', () => {
    const endpoint = settingOf('connection.endpoint');
    assert.deepEqual(endpoint.check('dps.example', manual), {
      problem: 'endpoint: this device has its hub from its configuration, and asks no DPS',
    });
    assert.equal(endpoint.read(manual), undefined);
  });
});

describe('the configuration in force', () => {
  it('is that of the files, with the settings over it, the special over the general', () => {
    const settings = new Map<string, unknown>([
      ['telemetry.inputs', { door: { intervalSeconds: 5 } }],
      ['telemetry.intervalSeconds', 30],
    ]);
    const { telemetry } = effectiveConfig(twinSettings, config, settings);
    assert.deepEqual(
      telemetry.inputs.map((input) => ('intervalMs' in input ? input.intervalMs : null)),
      [30_000, 5000, null],
    );
  });

  it('is that of the files where nothing is set', () => {
    assert.equal(effectiveConfig(twinSettings, config, new Map()), config);
  });
});

/** What is left out of an object is as configured. */
function merged(before: unknown, value: unknown): unknown {
  const isObject = (some: unknown): some is object =>
    typeof some === 'object' && some !== null && !Array.isArray(some);
  if (Array.isArray(value)) return [...new Set(value)];
  if (!isObject(before) || !isObject(value)) return value;
  const entries = Object.entries(value).map(([key, item]) => [
    key,
    merged((before as Record<string, unknown>)[key], item),
  ]);
  return { ...before, ...(Object.fromEntries(entries) as object) };
}
