import assert from 'node:assert/strict';
import { X509Certificate, createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { describe, it } from 'node:test';
import {
  createAuthority,
  createDeviceCertificate,
  createServerCertificate,
} from '../../../src/certificates/certificate.ts';
import type { Credential } from '../../../src/certificates/certificate.ts';
import { importKeyPair } from '../../../src/certificates/key-pair.ts';
import { normaliseThumbprint, thumbprintsOf } from '../../../src/certificates/thumbprint.ts';

const validity = { notBefore: new Date('2026-01-01T00:00:00Z'), notAfter: new Date('2027-01-01T00:00:00Z') };
const read = (credential: Credential): X509Certificate => new X509Certificate(credential.certificatePem);

describe('certificates', () => {
  it('makes a root that signs itself and is a CA', async () => {
    const root = await createAuthority({ commonName: 'Test Root', validity });
    const certificate = read(root);
    assert.equal(certificate.ca, true);
    assert.equal(certificate.subject, 'CN=Test Root');
    assert.equal(certificate.issuer, 'CN=Test Root');
    assert.ok(certificate.verify(certificate.publicKey));
    assert.ok(certificate.checkPrivateKey(createPrivateKey(root.privateKeyPem)));
    assert.match(root.privateKeyPem, /^-----BEGIN PRIVATE KEY-----/);
  });

  it('keeps the validity it is given, past and future alike', async () => {
    const past = { notBefore: new Date('2001-01-01T00:00:00Z'), notAfter: new Date('2001-02-01T12:30:15Z') };
    const certificate = read(await createDeviceCertificate({ commonName: 'old', validity: past }));
    assert.equal(new Date(certificate.validFrom).getTime(), past.notBefore.getTime());
    assert.equal(new Date(certificate.validTo).getTime(), past.notAfter.getTime());
  });

  it('builds root, intermediate and leaf that verify link by link', async () => {
    const root = await createAuthority({ commonName: 'Root', validity });
    const middle = await createAuthority({ commonName: 'Middle', validity, issuer: root, pathLength: 0 });
    const leaf = await createDeviceCertificate({ commonName: 'gw-1', validity, issuer: middle });
    assert.ok(read(leaf).checkIssued(read(middle)));
    assert.ok(read(leaf).verify(read(middle).publicKey));
    assert.ok(read(middle).checkIssued(read(root)));
    assert.ok(read(middle).verify(read(root).publicKey));
    assert.ok(!read(leaf).verify(read(root).publicKey));
    assert.equal(read(leaf).ca, false);
  });

  it('writes every server name into the subject alternative name', async () => {
    const names = ['localhost', 'simulator.local', '127.0.0.1', '::1'];
    const certificate = read(await createServerCertificate({ commonName: 'localhost', validity, names }));
    assert.equal(certificate.checkHost('simulator.local'), 'simulator.local');
    assert.equal(certificate.checkIP('127.0.0.1'), '127.0.0.1');
    assert.equal(certificate.checkIP('::1'), '::1');
    assert.equal(certificate.checkHost('elsewhere'), undefined);
  });

  it('keeps special characters of a device ID in the common name', async () => {
    const commonName = 'line 4, gauge+1=a;b';
    const certificate = read(await createDeviceCertificate({ commonName, validity }));
    assert.deepEqual(
      certificate.toLegacyObject().subject,
      Object.assign(Object.create(null), { CN: commonName }),
    );
  });

  it('signs with an RSA or P-384 issuer that came as PEM', async () => {
    for (const key of [
      generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
      generateKeyPairSync('ec', { namedCurve: 'secp384r1' }).privateKey,
    ]) {
      const pem = key.export({ format: 'pem', type: 'pkcs8' }).toString();
      assert.equal((await importKeyPair(pem)).privateKeyPem, pem);
      const named = await createAuthority({ commonName: 'Foreign', validity });
      const leaf = await createDeviceCertificate({
        commonName: 'gw-1',
        validity,
        issuer: { certificatePem: named.certificatePem, privateKeyPem: pem },
      });
      assert.ok(read(leaf).verify(createPublicKeyOf(pem)));
    }
  });

  it('says why a key cannot sign', async () => {
    const { privateKey } = generateKeyPairSync('x25519');
    const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
    await assert.rejects(importKeyPair(pem), /cannot sign with a key of type x25519/);
  });
});

describe('thumbprints', () => {
  it('are the ones of the certificate, in upper-case hex', async () => {
    const credential = await createDeviceCertificate({ commonName: 'gw-1', validity });
    const { sha1, sha256 } = thumbprintsOf(credential.certificatePem);
    assert.equal(sha1, normaliseThumbprint(read(credential).fingerprint));
    assert.equal(sha256, normaliseThumbprint(read(credential).fingerprint256));
    assert.equal(sha1.length, 40);
    assert.equal(sha256.length, 64);
  });

  it('are read from pasted text', () => {
    assert.equal(normaliseThumbprint('ab:cd 01\n'), 'ABCD01');
  });
});

function createPublicKeyOf(pem: string): ReturnType<typeof createPublicKey> {
  return createPublicKey(createPrivateKey(pem));
}
