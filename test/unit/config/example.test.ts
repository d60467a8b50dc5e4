import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { parseConfig } from '../../../src/config/parse.ts';
import type { Config } from '../../../src/config/schema.ts';

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
    assert.equal(attestation.key.kind, 'group');
  });

  it('gives examples that are valid: a certificate', () => {
    const withoutKey = withExample('attestation').replace(
      /^ {2}attestation:\n {4}method: symm[^]*?^ {4}sym.*$/m,
      '',
    );
    assert.deepEqual(read(withoutKey).provisioning.attestation, {
      method: 'x509',
      identityCert: '/etc/dps-agent/device.pem',
      identityPk: '/etc/dps-agent/device.key.pem',
    });
  });

  it('gives examples that are valid: payload, trust bundle, state directory', () => {
    assert.deepEqual(read(withExample('payload')).provisioning.payload, {
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

/** The example with the lines uncommented that show this key, up to the next line that is not one of them. */
function withExample(key: string): string {
  let inside = false;
  const lines = example.split('\n').map((line) => {
    inside = exampleLine.test(line) && (inside || line.includes(`#   ${key}:`));
    return inside ? line.replace(exampleLine, '$1') : line;
  });
  return lines.join('\n');
}
