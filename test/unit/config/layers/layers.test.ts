import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { filesWithSecrets, maskedValue, secretsIn } from '../../../../src/config/layers/masked.ts';
import { describeSource } from '../../../../src/config/layers/source.ts';
import { dropInDirectory } from '../../../../src/config/layers/drop-ins.ts';
import { variableFor } from '../../../../src/config/layers/environment-layer.ts';
import { loadConfig } from '../../../../src/config/load.ts';
import type { LoadedConfig } from '../../../../src/config/parse.ts';
import { formatPath } from '../../../../src/config/problems.ts';
import { temporaryDirectory } from '../../../fakes/temporary-directory.ts';

const key = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=';
const least = [
  'provisioning:',
  '  source: dps',
  '  id_scope: 0ne0012ABCD',
  '  attestation:',
  '    method: symmetric_key',
  '    registration_id: gateway-01',
  `    symmetric_key: ${key}`,
  '',
].join('\n');

/** Reads a configuration of these files; `folder` is taken out of every name. */
async function load(
  t: TestContext,
  files: Readonly<Record<string, string>>,
  environment: Readonly<Record<string, string>> = {},
): Promise<LoadedConfig & { from: (path: string) => string }> {
  const folder = await temporaryDirectory(t);
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  const loaded = await loadConfig(join(folder, 'config.yaml'), { environment, isOptional: true });
  const from = (path: string): string => {
    const source = loaded.sources.get(path) ?? assert.fail(`${path} has no source`);
    return describeSource(source).replace(`${folder}/`, '');
  };
  return { ...loaded, files: loaded.files.map((file) => file.replace(`${folder}/`, '')), from };
}

describe('layers of the configuration', () => {
  it('lie over each other: default, file, drop-ins by name, environment', async (t) => {
    const { config, from, files } = await load(
      t,
      {
        'config.yaml': `${least}telemetry: { window: 1, drain_rate: 1, batch: { max_readings: 2 } }\n`,
        'config.d/20-b.yaml': 'telemetry:\n  window: 3\n',
        'config.d/10-a.yaml': 'telemetry:\n  window: 2\n  batch:\n    max_delay: 7s\nlog: { level: warn }\n',
        'config.d/30-c.yaml.bak': 'windw: 1\n',
        'config.d/.hidden.yaml': 'windw: 1\n',
        'config.d/40-all-is-commented-out.yaml': '# telemetry:\n\n#  window: 9\n',
      },
      { DPS_AGENT_LOG__LEVEL: 'debug', DPS_AGENT_TELEMETRY__QUEUE__MAX_BYTES: '', OTHER: 'x' },
    );
    assert.deepEqual(files, [
      'config.yaml',
      'config.d/10-a.yaml',
      'config.d/20-b.yaml',
      'config.d/40-all-is-commented-out.yaml',
    ]);
    const { window, drainRatePerSecond, batch } = config.telemetry;
    assert.deepEqual([window, drainRatePerSecond, config.log.level], [3, 1, 'debug']);
    assert.deepEqual([batch.maxReadings, batch.maxDelayMs, batch.maxBytes], [2, 7000, 4096]);
    assert.deepEqual(
      [
        'telemetry.window',
        'telemetry.drain_rate',
        'telemetry.batch.max_readings',
        'telemetry.batch.max_delay',
        'telemetry.batch.max_bytes',
        'log.level',
        'provisioning.scope_id',
        'provisioning.deadline',
      ].map(from),
      [
        'config.d/20-b.yaml:2',
        'config.yaml:8',
        'config.yaml:8',
        'config.d/10-a.yaml:4',
        'default',
        'DPS_AGENT_LOG__LEVEL',
        'config.yaml:3',
        'default',
      ],
    );
  });

  it('replace lists whole, and leave alone what an empty section says nothing of', async (t) => {
    const { config, from } = await load(t, {
      'config.yaml': `${least}telemetry:\n  inputs:\n    - {name: a, type: system}\n    - {name: b, type: system}\n`,
      'config.d/10.yaml': 'telemetry:\n  inputs:\n    - {name: c, type: system}\n',
      'config.d/20.yaml': 'telemetry:\nprovisioning:\n',
    });
    assert.deepEqual(
      config.telemetry.inputs.map(({ name }) => name),
      ['c'],
    );
    assert.equal(from('telemetry.inputs[0].name'), 'config.d/10.yaml:3');
    assert.equal(from('telemetry.inputs[0].interval'), 'default');
  });

  it('may call one key by its two names', async (t) => {
    const { config, from } = await load(
      t,
      { 'config.yaml': least },
      { DPS_AGENT_PROVISIONING__SCOPE_ID: '0ne0012ABCE' },
    );
    assert.equal(config.provisioning.source === 'dps' && config.provisioning.scopeId, '0ne0012ABCE');
    assert.equal(from('provisioning.scope_id'), 'DPS_AGENT_PROVISIONING__SCOPE_ID');
  });

  it('need no file where the environment says everything, and there an ID of digits stays text', async (t) => {
    const { config, files } = await load(
      t,
      {},
      {
        DPS_AGENT_PROVISIONING__SOURCE: 'dps',
        DPS_AGENT_PROVISIONING__SCOPE_ID: '0ne0012ABCD',
        DPS_AGENT_PROVISIONING__ATTESTATION__METHOD: 'symmetric_key',
        DPS_AGENT_PROVISIONING__ATTESTATION__REGISTRATION_ID: '0042',
        DPS_AGENT_PROVISIONING__ATTESTATION__SYMMETRIC_KEY: 'env:DPS_AGENT_KEY',
        DPS_AGENT_KEY: key,
        DPS_AGENT_TELEMETRY__WINDOW: '32',
        DPS_AGENT_PROVISIONING__DYNAMIC_REPROVISIONING: 'false',
      },
    );
    assert.deepEqual(files, []);
    const { attestation } = config.provisioning;
    assert.equal('registrationId' in attestation && attestation.registrationId, '0042');
    assert.equal(config.telemetry.window, 32);
    assert.equal(config.provisioning.source === 'dps' && config.provisioning.dynamicReprovisioning, false);
  });

  it('warn of variables that a cluster sets, and let files call theirs as they like', async (t) => {
    const { warnings } = await load(
      t,
      {
        'config.yaml': least.replace(key, 'env:DPS_AGENT__KEY'),
        'config.d/1.yaml': 'log: { level: "${DPS_AGENT__L}" }',
      },
      { DPS_AGENT__KEY: key, DPS_AGENT__L: 'warn', DPS_AGENT_SERVICE_HOST: '10.0.0.1' },
    );
    assert.deepEqual(warnings, [
      'environment variable DPS_AGENT_SERVICE_HOST: is no key of the configuration: ignored',
    ]);
  });

  it('put variables into values, as their keys take them', async (t) => {
    const { config } = await load(
      t,
      {
        'config.yaml': [
          least.replace('gateway-01', 'gw-${SITE}-${NUMBER}'),
          'telemetry:',
          '  window: ${WINDOW}',
          '  drain_rate: "${RATE:-7.5}"',
          '  inputs:',
          "    - {name: a, type: exec, command: [sh, -c, 'echo $${X} $$ $Y ${SITE}'], enabled: '${ON:?say so}'}",
          '',
        ].join('\n'),
      },
      { SITE: 'oslo', NUMBER: '0042', WINDOW: '12', RATE: '', ON: 'false' },
    );
    const { attestation } = config.provisioning;
    assert.equal('registrationId' in attestation && attestation.registrationId, 'gw-oslo-0042');
    assert.deepEqual([config.telemetry.window, config.telemetry.drainRatePerSecond], [12, 7.5]);
    const [input] = config.telemetry.inputs;
    assert.ok(input?.type === 'exec');
    assert.deepEqual([input.command.at(-1), input.enabled], ['echo ${X} $$ $Y oslo', false]);
  });

  it('tell which files hold a secret', async (t) => {
    const loaded = await load(t, {
      'config.yaml': least.replace(`    symmetric_key: ${key}\n`, ''),
      'config.d/10.yaml': 'telemetry: { window: 1 }\n',
      'config.d/20-key.yaml': `provisioning: { attestation: { symmetric_key: ${key} } }\n`,
    });
    assert.deepEqual(
      filesWithSecrets(loaded).map((file) => file.split('/').at(-1)),
      ['20-key.yaml'],
    );
  });

  it('show no secret, wherever it stands', async (t) => {
    const { config, values } = await load(t, {
      'config.yaml': [
        'provisioning:',
        '  source: manual',
        `  device_connection_string: HostName=h.example;DeviceId=d;SharedAccessKey=${key}`,
        'proxy: http://me:hunter2@proxy:3128',
        'telemetry:',
        '  inputs:',
        '    - {name: a, type: exec, command: [x, --password=hunter2], environment: {TOKEN: hunter2}}',
        '    - {name: b, type: http, url: "http://x.example/?unit=C&access_token=hunter2", headers: {X-Key: hunter2}, bearer_token: hunter2}',
        '    - {name: c, type: mqtt, url: "mqtts://x", topics: [{filter: t}], username: u, password: "file:///etc/pw"}',
        '',
      ].join('\n'),
    });
    const secrets = secretsIn(config);
    const shown = new Map(values.map((each) => [formatPath(each.path), maskedValue(each, secrets)]));
    assert.ok(!JSON.stringify([...shown]).includes('hunter2'), JSON.stringify([...shown]));
    assert.ok(!JSON.stringify([...shown]).includes(key));
    assert.equal(shown.get('provisioning.device_connection_string'), '***');
    assert.equal(shown.get('proxy'), 'http://***@proxy:3128');
    assert.equal(shown.get('telemetry.inputs[2].password'), 'file:///etc/pw');
  });

  it('stand where they are expected', () => {
    assert.equal(dropInDirectory('/etc/dps-agent/config.yaml'), '/etc/dps-agent/config.d');
    assert.equal(dropInDirectory('/etc/agent'), '/etc/agent.d');
    assert.equal(variableFor(['telemetry', 'drain_rate']), 'DPS_AGENT_TELEMETRY__DRAIN_RATE');
  });
});
