import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EstSettings } from '../../../src/config/est-schema.ts';
import type { IdentityFiles } from '../../../src/config/identity-files.ts';
import { attestationOf, estDirectory } from '../../../src/provisioning/attestation.ts';

const files: IdentityFiles = { kind: 'files', certificate: '/cert.pem', privateKey: '/key.pem' };
const settings: EstSettings = {
  url: 'https://est.example',
  trustedCerts: [],
  threshold: { percent: 80 },
  retry: { percent: 4 },
  rotateKey: true,
};

describe('attestationOf', () => {
  it('is what is configured, where that is there already', () => {
    const configured = { method: 'x509', registrationId: 'd', primary: files } as const;
    assert.deepEqual(attestationOf(configured, '/state'), configured);
  });

  it('has a certificate by EST where the agent keeps it, and the second one where the operator does', () => {
    const configured = {
      method: 'x509',
      registrationId: 'd',
      primary: { kind: 'est', settings },
      secondary: files,
    } as const;
    const kept = `${estDirectory('/state')}/identity.pem`;
    assert.deepEqual(attestationOf(configured, '/state'), {
      method: 'x509',
      registrationId: 'd',
      primary: { kind: 'files', certificate: kept, privateKey: kept },
      secondary: files,
    });
  });
});
