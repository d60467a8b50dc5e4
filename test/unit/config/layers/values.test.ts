import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type * as v from 'valibot';
import { documentOf } from '../../../../src/config/layers/values.ts';
import type { ConfigValue } from '../../../../src/config/layers/values.ts';
import { schemaAt } from '../../../../src/config/layers/schema-at.ts';
import { parseConfig } from '../../../../src/config/parse.ts';
import { formatPath } from '../../../../src/config/problems.ts';
import { configSchema } from '../../../../src/config/schema.ts';
import { pathsOf } from '../../../../src/config/spelling.ts';

const fixtures = join(import.meta.dirname, '../../../fixtures/config/valid');
const inputTypes = ['system', 'file', 'exec', 'socket', 'mqtt', 'http'];

/** What it means that a key is not there, of those keys that have neither a preset nor have to be there. */
const unset: Readonly<Record<string, string>> = {
  'provisioning.scope_id': 'needed with source dps',
  'provisioning.attestation': 'needed with source dps',
  'provisioning.payload': 'nothing but the model is told',
  'provisioning.auto_reprovisioning_mode': 'said in two other keys',
  'provisioning.device_connection_string': 'another way',
  'provisioning.authentication': 'another way',
  'provisioning.attestation.registration_id': 'the common name of the certificate',
  'provisioning.attestation.symmetric_key': 'another way',
  'provisioning.attestation.secondary_symmetric_key': 'there is none',
  'provisioning.attestation.group_key': 'another way',
  'provisioning.attestation.secondary_group_key': 'there is none',
  'provisioning.attestation.identity_cert': 'another way',
  'provisioning.attestation.identity_cert.common_name': 'the registration ID',
  'provisioning.attestation.identity_cert.username': 'not asked for',
  'provisioning.attestation.identity_cert.password': 'not asked for',
  'provisioning.attestation.identity_cert.bootstrap_identity_cert': 'not asked for',
  'provisioning.attestation.identity_cert.bootstrap_identity_pk': 'not asked for',
  'provisioning.authentication.identity_cert': 'told to be needed',
  ...Object.fromEntries(
    ['attestation', 'authentication'].flatMap((section) =>
      [
        'identity_pk',
        'identity_pk_passphrase',
        'secondary_identity_cert',
        'secondary_identity_pk',
        'secondary_identity_pk_passphrase',
      ].map((key) => [`provisioning.${section}.${key}`, 'there is none, or it is told to be needed']),
    ),
  ),
  trust_bundle_cert: 'the authorities that Node.js knows',
  state_directory: 'filled in by the command, which knows of systemd',
  'local_api.path': 'filled in by the command, likewise',
  'local_api.group': 'the agent’s own',
  'local_api.tcp_port': 'none',
  'local_api.page': 'none',
  'local_api.page.listen': 'needed',
  'local_api.page.password': 'none',
  proxy: 'none',
  'log.areas.*': 'as log.level',
  'telemetry.budget.*': 'no limit',
  'telemetry.queue.*.ttl': 'for ever',
  'telemetry.inputs[0].component': 'the device itself',
  'telemetry.inputs[0].ttl': 'as its priority has it',
  'telemetry.inputs[0].batch': 'as telemetry.batch',
  'telemetry.inputs[0].process': 'nothing is done',
  'telemetry.inputs[0].process[0].*': 'another step',
  'telemetry.inputs[0].user': 'the agent’s own',
  'telemetry.inputs[0].directory': 'the agent’s own',
  'telemetry.inputs[0].pattern': 'the first number',
  'telemetry.inputs[0].unit': 'not told',
  'telemetry.inputs[0].topics[0].component': 'as the input has it',
  'telemetry.inputs[0].topics[0].value': 'the last level of the topic',
  'telemetry.inputs[0].username': 'none',
  'telemetry.inputs[0].password': 'none',
  'telemetry.inputs[0].bearer_token': 'none',
  'telemetry.inputs[0].client_id': 'a new one each time',
  'telemetry.inputs[0].client_cert': 'none',
  'telemetry.inputs[0].client_pk': 'none',
  'telemetry.inputs[0].select': 'everything',
  'on_message[0].match.message_id': 'any',
  'on_message[0].match.content_type': 'any',
  'on_message[0].command': 'another way',
  'on_message[0].publish': 'another way',
  'on_message[0].local_api': 'another way',
  'on_message[0].user': 'the agent’s own',
  'on_message[0].directory': 'the agent’s own',
  'on_message[0].publish.username': 'none',
  'on_message[0].publish.password': 'none',
  'on_message[0].publish.client_cert': 'none',
  'on_message[0].publish.client_pk': 'none',
  'commands[0].user': 'the agent’s own',
  'commands[0].directory': 'the agent’s own',
};

/** Every key that may be absent and has no preset, with sections of the same kind as one. */
function withoutPreset(): string[] {
  const found = inputTypes.flatMap((type) => {
    const document = { telemetry: { inputs: [{ type }] } };
    return pathsOf(configSchema).flatMap((path) => {
      const entry: (v.GenericSchema & { preset?: unknown; default?: unknown }) | undefined = schemaAt(
        configSchema,
        document,
        path,
      );
      const isOptional = entry?.type === 'optional' || entry?.type === 'nullish';
      return isOptional && entry.preset === undefined && entry.default === undefined
        ? [formatPath(path)]
        : [];
    });
  });
  return [...new Set(found)];
}

function isListed(key: string): boolean {
  return Object.keys(unset).some((known) => {
    const parts = known.split('*').map((part) => part.replaceAll(/[.[\]]/g, '\\$&'));
    return new RegExp(`^${parts.join('[a-z_]+')}$`).test(key);
  });
}

/** What a rule without a name is called is no name for a file. */
function isSaidInFile({ path, source }: ConfigValue): boolean {
  return !(source.kind === 'default' && path[0] === 'on_message' && path.at(-1) === 'name');
}

describe('the values of a configuration', () => {
  it('have a preset wherever something is taken for a key that is not there', () => {
    assert.deepEqual(
      withoutPreset().filter((key) => !isListed(key)),
      [],
      'say what is taken for these, with v.optional or filledIn, or what it means that they are not set',
    );
  });

  it('lists no key that has a preset or must be there', () => {
    const keys = withoutPreset();
    const stale = Object.keys(unset).filter((known) => !known.includes('*') && !keys.includes(known));
    assert.deepEqual(stale, []);
  });

  it('are every one that makes it what it is: written into one file they are the same configuration', async () => {
    const names = (await readdir(fixtures)).filter((name) => name.endsWith('.yaml'));
    assert.ok(names.length > 20);
    for (const name of names) {
      const { config, values } = parseConfig(await readFile(join(fixtures, name), 'utf8'), name);
      const document = documentOf(values.filter(isSaidInFile));
      const again = parseConfig(JSON.stringify(document), name);
      assert.deepEqual(again.config, config, name);
    }
  });

  for (const [what, section, expected] of [
    [
      'a rule with a command',
      'on_message: [{command: [x]}]',
      {
        'on_message[0].name': 'on_message[0]',
        'on_message[0].timeout': '30s',
        'on_message[0].max_output': '64KB',
        'on_message[0].environment': {},
        'on_message[0].retry.attempts': 5,
        'on_message[0].retry.initial': '1s',
        'on_message[0].retry.maximum': '1m',
      },
    ],
    [
      'a rule for other programs',
      'on_message: [{local_api: true}]',
      { 'on_message[0].timeout': undefined, 'on_message[0].retry': undefined },
    ],
    [
      'a file',
      'telemetry: {inputs: [{name: a, type: file, path: /x}]}',
      { 'telemetry.inputs[0].value': '{file}' },
    ],
    [
      'a 1-Wire sensor',
      'telemetry: {inputs: [{name: a, type: file, path: /x, format: w1}]}',
      { 'telemetry.inputs[0].value': '{dir}' },
    ],
    [
      'a program',
      'telemetry: {inputs: [{name: a, type: exec, command: [x]}]}',
      { 'telemetry.inputs[0].interval': '60s', 'telemetry.inputs[0].value': 'value' },
    ],
    [
      'a program that speaks in lines of its own names',
      'telemetry: {inputs: [{name: a, type: exec, command: [x], mode: lines, format: influx}]}',
      { 'telemetry.inputs[0].interval': undefined, 'telemetry.inputs[0].value': undefined },
    ],
    ['a group at the socket', 'local_api: {group: dps}', { 'local_api.mode': '0660' }],
  ] as const) {
    it(`tell what is taken for ${what}`, () => {
      const least = 'provisioning: {source: manual, device_connection_string: "env:X"}';
      const { values } = parseConfig(`${least}\n${section}\n`, 'config.yaml');
      const of = new Map(values.map(({ path, value, source }) => [formatPath(path), { value, source }]));
      for (const [key, value] of Object.entries(expected)) {
        assert.deepEqual(of.get(key)?.value, value, key);
        assert.equal(of.get(key)?.source.kind, 'default', key);
      }
    });
  }
});
