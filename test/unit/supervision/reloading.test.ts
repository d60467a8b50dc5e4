import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseConfig } from '../../../src/config/parse.ts';
import type { Config } from '../../../src/config/schema.ts';
import { ConfigError } from '../../../src/lib/errors.ts';
import { liveKeys, reload, wayKeys } from '../../../src/supervision/live-parts.ts';
import type { Notice } from '../../../src/supervision/notifier.ts';
import { Reloading } from '../../../src/supervision/reloading.ts';
import { RecordingLog } from '../../fakes/recording-log.ts';

const key = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=';
const least = `
provisioning:
  source: dps
  scope_id: 0ne0012ABCD
  attestation: { method: symmetric_key, registration_id: gateway-1, symmetric_key: ${key} }
`;
const twoInputs = `
telemetry:
  inputs:
    - { name: cpu, type: system, figures: [cpu], interval: 10s }
    - { name: other, type: file, path: /tmp/x, format: text, interval: 10s }
`;

const read = (more = '', base = least): Config => parseConfig(`${base}\n${more}`, 'config.yaml').config;

describe('reload', () => {
  it('finds nothing in the same files, secrets included', () => {
    const proxy = 'proxy: http://me:secret@proxy:3128\n';
    const { applied, waiting } = reload(read(twoInputs + proxy), read(twoInputs + proxy));
    assert.deepEqual([applied, waiting], [[], []]);
  });

  it('takes what the agent reads anew, and leaves the rest to the next start', () => {
    const { config, applied, waiting } = reload(
      read('log: { level: info }'),
      read('log: { level: debug, ring: 1MB }\nlocal_api: { tcp_port: 9000 }\nreporting: { interval: 5m }'),
    );
    assert.deepEqual(applied.toSorted(), ['log.level', 'reporting']);
    assert.deepEqual(waiting.toSorted(), ['localApi', 'log.ringBytes']);
    assert.equal(config.log.level, 'debug');
    assert.equal(config.reporting.intervalMs, 300_000);
    assert.equal(config.localApi.tcpPort, undefined);
  });

  it('sees another password of a proxy, and that there is none any more', () => {
    const withProxy = (password: string): Config => read(`proxy: http://me:${password}@proxy:3128`);
    assert.deepEqual(reload(withProxy('one'), withProxy('two')).applied, ['proxy']);
    const { applied, config } = reload(withProxy('one'), read());
    assert.deepEqual([applied, config.proxy], [['proxy'], undefined]);
  });

  it('knows inputs by their names', () => {
    const other = twoInputs.replace('interval: 10s', 'interval: 3s').replace('name: other', 'name: another');
    const { config, applied, waiting } = reload(read(twoInputs), read(other));
    assert.deepEqual(applied, ['telemetry.inputs.cpu.intervalMs']);
    assert.deepEqual(waiting, ['telemetry.inputs.other', 'telemetry.inputs.another']);
    assert.deepEqual(
      config.telemetry.inputs.map(({ name }) => name),
      ['cpu', 'other'],
    );
  });

  it('leaves an input of another type alone, whole', () => {
    const other = twoInputs.replace(
      'type: system, figures: [cpu], interval: 10s',
      'type: file, path: /tmp/y, format: text, interval: 3s',
    );
    const { config, applied, waiting } = reload(read(twoInputs), read(other));
    assert.deepEqual([applied, waiting], [[], ['telemetry.inputs.cpu']]);
    assert.equal(config.telemetry.inputs[0]?.type, 'system');
  });

  it('tells no secret by naming what has changed', () => {
    const { waiting } = reload(read(), read('', least.replace('AAEC', 'BBEC')));
    assert.deepEqual(waiting, ['provisioning.attestation']);
  });

  it('names keys that there are', () => {
    const config = read(`${twoInputs}\nproxy: http://proxy:3128`);
    for (const live of [...liveKeys, ...wayKeys]) {
      const known =
        live === 'log.forMs' || live === 'telemetry.inputs.*.batch' || hasKey(config, live.split('.'));
      assert.ok(known, live);
    }
  });
});

function hasKey(value: unknown, [first, ...rest]: readonly string[]): boolean {
  if (first === undefined) return true;
  if (typeof value !== 'object' || value === null) return false;
  if (first === '*') return Object.values(value).some((each) => hasKey(each, rest));
  return first in value && hasKey((value as Record<string, unknown>)[first], rest);
}

describe('Reloading', () => {
  const reloading = (files: () => Config) => {
    const [notices, log, put]: [Notice[], RecordingLog, [Config, boolean][]] = [[], new RecordingLog(), []];
    return {
      ...{ notices, log, put },
      request: new Reloading({
        config: read(),
        read: () => Promise.resolve().then(() => ({ config: files(), warnings: [] })),
        apply: (config, isOtherWay) => put.push([config, isOtherWay]),
        notifier: { watchdogMs: undefined, tell: (notice) => notices.push(notice) },
        monotonicUsec: () => 42n,
        log,
      }),
    };
  };

  it('tells systemd that it begins and that it is done', async () => {
    const { request, notices } = reloading(read);
    await request.request();
    assert.deepEqual(notices, [{ RELOADING: 1, MONOTONIC_USEC: '42' }, { READY: 1 }]);
  });

  it('changes nothing when the files are not valid, says what is wrong, and is ready all the same', async () => {
    const { request, put, log, notices } = reloading(() => {
      throw new ConfigError('config.yaml:3: scope_id: expected one');
    });
    await request.request();
    assert.deepEqual(put, []);
    assert.match(log.lines[0]?.message ?? '', /cannot reload .* stays as it was: config\.yaml:3/);
    assert.deepEqual(notices.at(-1), { READY: 1 });
  });

  it('puts in force what can be, goes the other way where that has changed, and says what needs a start', async () => {
    const { request, put, log } = reloading(() => read('connection: { keep_alive: 60s, ack_timeout: 30s }'));
    await request.request();
    assert.deepEqual(
      put.map(([config, isOtherWay]) => [
        config.connection.keepAliveMs,
        config.connection.ackTimeoutMs,
        isOtherWay,
      ]),
      [[60_000, 60_000, true]],
    );
    assert.match(log.lines.at(-1)?.message ?? '', /connection\.ackTimeoutMs needs a start/);
  });

  it('says again what still waits for a start', async () => {
    const { request, log } = reloading(() => read('local_api: { tcp_port: 9000 }'));
    await request.request();
    await request.request();
    assert.equal(log.lines.filter(({ level }) => level === 'warn').length, 2);
  });
});
