import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { describe, it } from 'node:test';
import '../../../src/certificates/reflect-metadata.ts';
import * as x509 from '@peculiar/x509';
import { createServerCertificate } from '../../../src/certificates/certificate.ts';
import { createCertificateRequest } from '../../../src/certificates/certificate-request.ts';
import { generateKeyPair, importKeyPair } from '../../../src/certificates/key-pair.ts';
import { certificateWithSubject } from '../../fakes/odd-certificate.ts';

const validity = { notBefore: new Date('2026-01-01T00:00:00Z'), notAfter: new Date('2027-01-01T00:00:00Z') };

async function requestFor(renewing?: string, commonName = 'gw-1'): Promise<x509.Pkcs10CertificateRequest> {
  const keys = await generateKeyPair();
  const request = new x509.Pkcs10CertificateRequest(
    await createCertificateRequest({ commonName, keys, renewing }),
  );
  assert.ok(await request.verify());
  return request;
}

const alternativeNames = (request: x509.Pkcs10CertificateRequest): unknown =>
  request.getExtension('2.5.29.17') === null
    ? undefined
    : new x509.SubjectAlternativeNameExtension(
        request.getExtension('2.5.29.17')?.rawData ?? '',
      ).names.toJSON();

describe('a certificate request', () => {
  it('is for the common name, signed by its key, and for TLS clients', async () => {
    const request = await requestFor();
    assert.equal(request.subject, 'CN=gw-1');
    assert.equal(alternativeNames(request), undefined);
    const usage = new x509.ExtendedKeyUsageExtension(request.getExtension('2.5.29.37')?.rawData ?? '');
    assert.deepEqual([...usage.usages], [x509.ExtendedKeyUsage.clientAuth]);
  });

  it('keeps special characters of the common name', async () => {
    const commonName = 'line 4, gauge+1=a;b';
    const request = await requestFor(undefined, commonName);
    assert.deepEqual(request.subjectName.getField('CN'), [commonName]);
  });

  it('asks for the same subject and names as the certificate it renews', async () => {
    const odd = await certificateWithSubject([{ O: ['Plant 4'] }, { CN: ['gw-1'] }], validity);
    const named = await createServerCertificate({ commonName: 'gw-1', validity, names: ['gw-1.local'] });
    assert.equal((await requestFor(odd.certificatePem)).subject, 'O=Plant 4, CN=gw-1');
    assert.deepEqual(alternativeNames(await requestFor(named.certificatePem)), [
      { type: 'dns', value: 'gw-1.local' },
    ]);
  });

  it('is made with a key that there was already, EC or RSA', async () => {
    const kept = [
      generateKeyPairSync('ec', { namedCurve: 'prime256v1' }),
      generateKeyPairSync('rsa', { modulusLength: 2048 }),
    ];
    for (const { privateKey, publicKey } of kept) {
      const keys = await importKeyPair(privateKey.export({ format: 'pem', type: 'pkcs8' }).toString());
      const der = await createCertificateRequest({ commonName: 'gw-1', keys });
      const request = new x509.Pkcs10CertificateRequest(der);
      assert.ok(await request.verify());
      assert.deepEqual(
        Buffer.from(request.publicKey.rawData),
        publicKey.export({ format: 'der', type: 'spki' }),
      );
    }
  });
});
