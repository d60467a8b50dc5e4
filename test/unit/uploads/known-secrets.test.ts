import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Secret } from '../../../src/lib/secret.ts';
import { knownSecrets } from '../../../src/uploads/known-secrets.ts';

describe('the secrets of a configuration', () => {
  it('are those it holds, those it refers to, and what programs are given', async () => {
    const config = {
      provisioning: {
        attestation: { keys: { primary: { kind: 'plain', value: new Secret('in the file') } } },
      },
      proxy: { kind: 'file', path: '/etc/proxy' },
      telemetry: {
        inputs: [
          { name: 'a', environment: { TOKEN: 'of a program' } },
          { password: { kind: 'env', name: 'PW' } },
        ],
      },
      other: { kind: 'credential', name: 'gone' },
      identity: { kind: 'files', certificate: '/etc/cert' },
    };
    const secrets = await knownSecrets(config, (source) =>
      source.kind === 'credential'
        ? Promise.reject(new Error('it is not there'))
        : Promise.resolve(new Secret(`read from ${source.kind}`)),
    );
    assert.deepEqual(
      secrets.map((secret) => secret.reveal()),
      ['in the file', 'read from file', 'of a program', 'read from env'],
    );
  });
});
