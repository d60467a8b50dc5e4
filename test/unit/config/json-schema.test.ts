import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { describe, it } from 'node:test';
import Ajv from 'ajv';
import { load } from 'js-yaml';
import { format, resolveConfig } from 'prettier';
import { configSchemaDocument, configSchemaPath } from '../../../scripts/config-schema-document.ts';
import schema from '../../../config/config.schema.json' with { type: 'json' };

const root = join(import.meta.dirname, '../../..');
const isValid = new Ajv({ allErrors: true }).compile(schema);

describe('config.schema.json', () => {
  it('says what the schema of the program says', async () => {
    const options = await resolveConfig(configSchemaPath);
    const expected = await format(await configSchemaDocument(), { ...options, parser: 'json' });
    assert.equal(await readFile(configSchemaPath, 'utf8'), expected, 'npm run docs');
  });

  it('is a schema of draft 7', () => {
    assert.equal(new Ajv().validateSchema(schema), true);
  });

  it('takes the example, as it is and with every default and example written out', () => {
    const example = readFileSync(join(root, 'config/config.example.yaml'), 'utf8');
    assert.match(example, /^# yaml-language-server: \$schema=config\.schema\.json\n/);
    assertTaken(example, 'config.example.yaml');
    assertTaken(example.replaceAll(/^( *)#(?=[a-z_]+:|- | {2}[a-z])/gm, '$1'), 'with its defaults');
  });

  for (const path of filesIn('test/fixtures/config/valid'))
    it(`takes ${basename(path)}, as the program does`, () => {
      assertTaken(readFileSync(path, 'utf8'), basename(path));
    });

  it('refuses what is wrong in form, and leaves the rest to the program', () => {
    const refused: string[] = [];
    const taken: string[] = [];
    for (const path of filesIn('test/fixtures/config/broken')) {
      const content = contentOf(readFileSync(path, 'utf8'));
      if (content === undefined) continue;
      (isValid(content) ? taken : refused).push(basename(path, '.yaml'));
    }
    assert.deepEqual(taken, beyondForm);
    assert.ok(refused.length >= 60, String(refused.length));
  });

  it('takes a reference to a variable in place of any value', () => {
    const given = (keepAlive: string): unknown => ({
      provisioning: { source: '${SOURCE}', scope_id: '${SCOPE:?}', dynamic_reprovisioning: '${MOVES:-true}' },
      connection: { keep_alive: keepAlive, transport: '${TRANSPORT}', reprovision_after_failures: '${N:-3}' },
      telemetry: { inputs: [{ name: 'a', type: 'system', figures: ['${FIGURE}'] }] },
    });
    assert.ok(isValid(given('${PING:-25s}')), JSON.stringify(isValid.errors));
    assert.ok(!isValid(given('25 sec')));
  });

  it('tells an editor the default of a key that goes only with some of the others', () => {
    const { provisioning, on_message, local_api } = schema.properties;
    assert.equal(provisioning.properties.deadline.default, '2m');
    assert.equal(provisioning.properties.dynamic_reprovisioning.default, true);
    assert.equal(local_api.properties.mode.default, '0600');
    const rule = on_message.items.properties;
    assert.equal(rule.timeout.default, '30s');
    assert.ok(!('default' in rule.name), 'it is told by the place in the list');
  });

  it('tells an editor the choices, the default and the purpose of a key', () => {
    const { connection } = schema.properties;
    const { transport, keep_alive } = connection.properties;
    assert.deepEqual(transport.anyOf[0], { enum: ['mqtt', 'mqtt_ws', 'auto'] });
    assert.equal(keep_alive.default, '25s');
    assert.match(keep_alive.description, /^How often a sign of life is sent/);
  });
});

/** What only the program can tell: which keys go together, what a text means beyond its form, and names that repeat. */
const beyondForm: readonly string[] = [
  'both-keys',
  'both-spellings',
  'connection-string-for-a-certificate',
  'connection-string-is-just-the-key',
  'connection-string-of-a-module',
  'connection-string-of-a-service',
  'connection-string-placeholder',
  'connection-string-through-a-gateway',
  'connection-string-twice',
  'connection-string-with-a-bad-device',
  'connection-string-with-a-bad-host',
  'connection-string-with-a-cut-key',
  'connection-string-without-its-key',
  'deadline-too-long',
  'dps-with-keys-of-manual',
  'endpoint-bad-port',
  'endpoint-with-path',
  'endpoint-wrong-scheme',
  'est-names-differ',
  'exec-lines-with-keys-of-interval',
  'file-input-keys-that-do-not-fit',
  'file-uri-malformed',
  'file-uri-names-a-directory',
  'file-uri-with-fragment',
  'http-input-keys-that-do-not-fit',
  'initial-above-maximum',
  'input-properties-too-many',
  'key-cut-off',
  'key-placeholder',
  'key-too-long',
  'key-too-short',
  'key-with-space',
  'keys-of-the-other-method',
  'latin-1',
  'local-api-group-without-access',
  'local-api-page-empty',
  'local-api-page-without-password',
  'manual-with-both-identities',
  'manual-with-keys-of-dps',
  'manual-without-identity',
  'missing-certificate-and-key',
  'missing-registration-id',
  'missing-symmetric-key',
  'no-proxy-with-spaces',
  'payload-contains-itself',
  'payload-holds-infinity',
  'payload-too-large',
  'proxy-by-https',
  'proxy-by-socks',
  'proxy-with-a-bad-host',
  'proxy-with-a-path',
  'proxy-with-a-plain-slash',
  'proxy-without-a-port',
  'proxy-without-a-user',
  'secondary-certificate-incomplete',
  'secondary-key-alone',
  'secret-references',
  'x509-registration-id-too-long',
  'x509-with-a-symmetric-key',
];

function assertTaken(text: string, name: string): void {
  assert.ok(isValid(contentOf(text)), `${name}: ${JSON.stringify(isValid.errors, undefined, 1)}`);
}

/** As an editor sees it; `undefined`: no YAML. */
function contentOf(text: string): unknown {
  try {
    return load(text.replace(/^\uFEFF/, '')) ?? null;
  } catch {
    return undefined;
  }
}

function filesIn(folder: string): string[] {
  const names = readdirSync(join(root, folder)).filter((name) => name.endsWith('.yaml'));
  return names.toSorted().map((name) => join(root, folder, name));
}
