import assert from 'node:assert/strict';
import { createPrivateKey } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { inspect } from 'node:util';
import { createAuthority, createDeviceCertificate } from '../../../src/certificates/certificate.ts';
import type { Credential as KeyedCertificate } from '../../../src/certificates/certificate.ts';
import { CloudError } from '../../../src/cloud-error.ts';
import { describeError } from '../../../src/lib/errors.ts';
import { Secret } from '../../../src/lib/secret.ts';
import { credentialDigest, loadCredential } from '../../../src/provisioning/credential.ts';
import type { Attestation, Credential, X509Credential } from '../../../src/provisioning/credential.ts';
import { FakeClock } from '../../fakes/fake-clock.ts';
import { certificateWithSubject } from '../../fakes/odd-certificate.ts';
import { temporaryDirectory } from '../../fakes/temporary-directory.ts';

const groupKey = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw==';
const deviceKey = 'Tz4Wtei6uHSGQm0NiJy0Ijsh6/sJcnyJYOAfzqC4oKM=';

const notBefore = new Date('2026-01-01T00:00:00Z');
const notAfter = new Date('2027-01-01T00:00:00Z');
const validity = { notBefore, notAfter };
const during = new FakeClock(new Date('2026-06-01T00:00:00Z'));

const byKey = (kind: 'device' | 'group', value: string): Attestation => ({
  method: 'symmetric_key',
  registrationId: 'device-001',
  key: { kind, value: new Secret(value) },
});

interface Files {
  readonly identityCert: string;
  readonly identityPk: string;
}

async function write(test: TestContext, certificate: string, privateKey: string): Promise<Files> {
  const directory = await temporaryDirectory(test);
  const files = { identityCert: join(directory, 'cert.pem'), identityPk: join(directory, 'key.pem') };
  await writeFile(files.identityCert, certificate);
  await writeFile(files.identityPk, privateKey);
  return files;
}

async function load(files: Files, clock = during, registrationId?: string): Promise<X509Credential> {
  const credential = await loadCredential({ method: 'x509', registrationId, ...files }, clock);
  assert.equal(credential.method, 'x509');
  return credential;
}

/** Asserts that the certificate is refused with this code, in words that say why. */
async function assertRefused(loading: Promise<Credential>, code: string, why: RegExp): Promise<void> {
  await assert.rejects(loading, (error) => {
    assert.ok(error instanceof CloudError);
    assert.equal(error.code, code);
    assert.match(describeError(error), why);
    return true;
  });
}

describe('a credential by symmetric key', () => {
  it('is the device’s own key as it stands', async () => {
    const credential = await loadCredential(byKey('device', deviceKey), during);
    assert.ok(credential.method === 'symmetric_key');
    assert.deepEqual([credential.registrationId, credential.key.reveal()], ['device-001', deviceKey]);
  });

  it('is derived from a group’s key', async () => {
    const credential = await loadCredential(byKey('group', groupKey), during);
    assert.ok(credential.method === 'symmetric_key');
    assert.equal(credential.key.reveal(), deviceKey);
  });

  it('does not show when it is printed', async () => {
    const credential = await loadCredential(byKey('device', deviceKey), during);
    assert.ok(
      !`${inspect(credential, { depth: Infinity })}${JSON.stringify(credential)}`.includes(deviceKey),
    );
  });
});

describe('a credential by certificate', () => {
  let device: KeyedCertificate;
  let other: KeyedCertificate;

  before(async () => {
    device = await createDeviceCertificate({ commonName: 'gateway-01', validity });
    other = await createDeviceCertificate({ commonName: 'gateway-01', validity });
  });

  it('takes the registration ID from the common name', async (t) => {
    const credential = await load(await write(t, device.certificatePem, device.privateKeyPem));
    assert.equal(credential.registrationId, 'gateway-01');
    assert.equal(credential.certificate, device.certificatePem);
    assert.equal(credential.privateKey.reveal(), device.privateKeyPem);
  });

  it('prefers the registration ID of the configuration', async (t) => {
    const files = await write(t, device.certificatePem, device.privateKeyPem);
    assert.equal((await load(files, during, 'gateway-02')).registrationId, 'gateway-02');
  });

  it('needs no common name where the configuration has a registration ID', async (t) => {
    const odd = await certificateWithSubject([{ O: ['Works'] }], validity);
    const files = await write(t, odd.certificatePem, odd.privateKeyPem);
    assert.equal((await load(files, during, 'gateway-02')).registrationId, 'gateway-02');
  });

  it('takes the leaf where intermediates follow it, and keeps them for the handshake', async (t) => {
    const root = await createAuthority({ commonName: 'Root', validity });
    const middle = await createAuthority({ commonName: 'Middle', validity, issuer: root });
    const leaf = await createDeviceCertificate({ commonName: 'gateway-03', validity, issuer: middle });
    const chain = leaf.certificatePem + middle.certificatePem;
    const credential = await load(await write(t, chain, leaf.privateKeyPem));
    assert.deepEqual([credential.registrationId, credential.certificate], ['gateway-03', chain]);
  });

  it('reads text before the certificate, as openssl x509 -text writes it', async (t) => {
    const files = await write(t, `Certificate:\n    Data: …\n${device.certificatePem}`, device.privateKeyPem);
    assert.equal((await load(files)).registrationId, 'gateway-01');
  });

  it('uses replaced files at the next attempt', async (t) => {
    const files = await write(t, device.certificatePem, device.privateKeyPem);
    const before = await load(files);
    await writeFile(files.identityCert, other.certificatePem);
    await writeFile(files.identityPk, other.privateKeyPem);
    assert.notEqual(credentialDigest(await load(files)), credentialDigest(before));
  });

  it('does not show its private key when it is printed', async (t) => {
    const credential = await load(await write(t, device.certificatePem, device.privateKeyPem));
    assert.doesNotMatch(inspect(credential) + JSON.stringify(credential), /PRIVATE KEY/);
  });

  for (const [when, now] of [
    ['at its first moment', notBefore],
    ['at its last moment', notAfter],
  ] as const) {
    it(`is good ${when}`, async (t) => {
      const files = await write(t, device.certificatePem, device.privateKeyPem);
      assert.equal((await load(files, new FakeClock(now))).registrationId, 'gateway-01');
    });
  }

  it('is refused a second after its last moment, with the date', async (t) => {
    const files = await write(t, device.certificatePem, device.privateKeyPem);
    const clock = new FakeClock(new Date(notAfter.getTime() + 1000));
    await assertRefused(
      load(files, clock),
      'CERT-EXPIRED',
      /cert\.pem: .*expired.*valid until Jan {2}1 00:00:00 2027/,
    );
  });

  it('is refused a second before its first moment, with the date and the clock’s time', async (t) => {
    const files = await write(t, device.certificatePem, device.privateKeyPem);
    const clock = new FakeClock(new Date(notBefore.getTime() - 1000));
    await assertRefused(
      load(files, clock),
      'CERT-NOT-YET-VALID',
      /valid from Jan {2}1 00:00:00 2026 GMT.*says 2025-12-31T23:59:59\.000Z/,
    );
  });

  it('is refused with another certificate’s key, naming both files', async (t) => {
    const files = await write(t, device.certificatePem, other.privateKeyPem);
    await assertRefused(load(files), 'CERT-UNUSABLE', /key\.pem is not the private key of \S*cert\.pem/);
  });

  it('is refused when the intermediate stands before the leaf', async (t) => {
    const root = await createAuthority({ commonName: 'Root', validity });
    const leaf = await createDeviceCertificate({ commonName: 'gateway-03', validity, issuer: root });
    const files = await write(t, root.certificatePem + leaf.certificatePem, leaf.privateKeyPem);
    await assertRefused(load(files), 'CERT-UNUSABLE', /is not the private key of/);
  });

  for (const file of ['identityCert', 'identityPk'] as const) {
    const name = file === 'identityCert' ? 'cert\\.pem' : 'key\\.pem';

    it(`is refused without ${file}, naming the file`, async (t) => {
      const files = await write(t, device.certificatePem, device.privateKeyPem);
      const missing = { ...files, [file]: `${files[file]}.missing` };
      await assertRefused(
        load(missing),
        'CERT-UNUSABLE',
        new RegExp(`cannot read \\S*${name}\\.missing: .*ENOENT`),
      );
    });

    it(`is refused with a directory for ${file}`, async (t) => {
      const files = await write(t, device.certificatePem, device.privateKeyPem);
      const directory = `${files[file]}.d`;
      await mkdir(directory);
      await assertRefused(load({ ...files, [file]: directory }), 'CERT-UNUSABLE', /EISDIR/);
    });

    for (const [what, garbage] of [
      ['an empty file', ''],
      ['text', 'not a certificate\n'],
      ['a PEM file cut short', '-----BEGIN CERTIFICATE-----\nMIIB'],
      ['bytes', '\u0000\u0001\u0002'],
    ] as const) {
      it(`is refused with ${what} for ${file}, naming the file`, async (t) => {
        const files = await write(t, device.certificatePem, device.privateKeyPem);
        await writeFile(files[file], garbage);
        await assertRefused(load(files), 'CERT-UNUSABLE', new RegExp(`cannot use \\S*${name}`));
      });
    }
  }

  it('is refused with a key that needs a passphrase', async (t) => {
    const encrypted = createPrivateKey(device.privateKeyPem).export({
      type: 'pkcs8',
      format: 'pem',
      cipher: 'aes-256-cbc',
      passphrase: 'sesame',
    });
    const files = await write(t, device.certificatePem, String(encrypted));
    await assertRefused(load(files), 'CERT-UNUSABLE', /key\.pem.*passphrase/i);
  });

  for (const [what, subject] of [
    ['no subject', []],
    ['no common name', [{ O: ['Works'] }]],
    ['an empty common name', [{ CN: [''] }]],
    ['two common names', [{ CN: ['one'] }, { CN: ['two'] }]],
  ] as const) {
    it(`is refused with ${what} when the registration ID is to come from there`, async (t) => {
      const odd = await certificateWithSubject(subject, validity);
      const files = await write(t, odd.certificatePem, odd.privateKeyPem);
      await assertRefused(load(files), 'CERT-UNUSABLE', /common name/);
    });
  }

  it('finds the common name beside other parts of the same name', async (t) => {
    const odd = await certificateWithSubject(
      [{ O: ['Works\nCN=false'] }, { CN: ['gateway-04'], OU: ['Hall 3'] }],
      validity,
    );
    const credential = await load(await write(t, odd.certificatePem, odd.privateKeyPem));
    assert.equal(credential.registrationId, 'gateway-04');
  });
});

describe('credentialDigest', () => {
  it('is the SHA-256 thumbprint of the leaf, whatever follows it', async (t) => {
    const root = await createAuthority({ commonName: 'Root', validity });
    const leaf = await createDeviceCertificate({ commonName: 'gateway-03', validity, issuer: root });
    const [alone, withRoot] = await Promise.all(
      [leaf.certificatePem, leaf.certificatePem + root.certificatePem].map(async (pem) =>
        credentialDigest(await load(await write(t, pem, leaf.privateKeyPem))),
      ),
    );
    assert.equal(alone, withRoot);
    assert.match(String(alone), /^[0-9a-f]{64}$/);
  });

  it('tells two keys apart, without containing either', async () => {
    const [one, two] = await Promise.all(
      [deviceKey, groupKey].map(async (key) =>
        credentialDigest(await loadCredential(byKey('device', key), during)),
      ),
    );
    assert.notEqual(one, two);
    const hex = Buffer.from(deviceKey, 'base64').toString('hex');
    assert.ok(!String(one).includes(hex) && !String(one).includes(deviceKey));
  });
});
