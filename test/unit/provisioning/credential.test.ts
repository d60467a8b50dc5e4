import assert from 'node:assert/strict';
import { X509Certificate, createPrivateKey } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { inspect } from 'node:util';
import { createAuthority, createDeviceCertificate } from '../../../src/certificates/certificate.ts';
import type { Credential as KeyedCertificate } from '../../../src/certificates/certificate.ts';
import { CloudError } from '../../../src/cloud-error.ts';
import type { IdentityFiles } from '../../../src/config/identity-files.ts';
import type { SecretSource } from '../../../src/config/secret-source.ts';
import { describeError } from '../../../src/lib/errors.ts';
import { Secret } from '../../../src/lib/secret.ts';
import { credentialDigest, credentialNames, loadCredential } from '../../../src/provisioning/credential.ts';
import type {
  Attestation,
  Credential,
  CredentialName,
  X509Credential,
} from '../../../src/provisioning/credential.ts';
import { Secrets } from '../../../src/provisioning/secrets.ts';
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
  keys: { kind, primary: plain(value) },
});

const plain = (value: string): SecretSource => ({ kind: 'plain', value: new Secret(value) });
const secrets = new Secrets({ env: { KEY: deviceKey }, credentialsDirectory: undefined });

function loadKey(attestation: Attestation, name: CredentialName = 'primary'): Promise<Credential> {
  return loadCredential(attestation, name, { secrets, clock: during });
}

async function write(test: TestContext, certificate: string, privateKey: string): Promise<IdentityFiles> {
  const directory = await temporaryDirectory(test);
  const files = { certificate: join(directory, 'cert.pem'), privateKey: join(directory, 'key.pem') };
  await writeFile(files.certificate, certificate);
  await writeFile(files.privateKey, privateKey);
  return { kind: 'files', ...files };
}

async function load(files: IdentityFiles, clock = during, registrationId?: string): Promise<X509Credential> {
  const attestation: Attestation = { method: 'x509', registrationId, primary: files };
  const credential = await loadCredential(attestation, 'primary', { secrets, clock });
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
    const credential = await loadKey(byKey('device', deviceKey));
    assert.ok(credential.method === 'symmetric_key');
    assert.deepEqual([credential.registrationId, credential.key.reveal()], ['device-001', deviceKey]);
  });

  it('is derived from a group’s key', async () => {
    const credential = await loadKey(byKey('group', groupKey));
    assert.ok(credential.method === 'symmetric_key');
    assert.equal(credential.key.reveal(), deviceKey);
  });

  it('is read from where it stands', async () => {
    const keys = { kind: 'device', primary: { kind: 'env', name: 'KEY' } } as const;
    const credential = await loadKey({ method: 'symmetric_key', registrationId: 'd', keys });
    assert.ok(credential.method === 'symmetric_key');
    assert.equal(credential.key.reveal(), deviceKey);
  });

  it('is the second one when that is asked for, derived as the first', async () => {
    const keys = { kind: 'group', primary: plain(deviceKey), secondary: plain(groupKey) } as const;
    const attestation: Attestation = { method: 'symmetric_key', registrationId: 'device-001', keys };
    const credential = await loadKey(attestation, 'secondary');
    assert.ok(credential.method === 'symmetric_key' && credential.name === 'secondary');
    assert.equal(credential.key.reveal(), deviceKey);
  });

  it('is refused when what stands there is no key, without showing it', async () => {
    const odd = new Secrets({ env: { KEY: 'c2VzYW1l' }, credentialsDirectory: undefined });
    const keys = { kind: 'device', primary: { kind: 'env', name: 'KEY' } } as const;
    const loading = loadCredential({ method: 'symmetric_key', registrationId: 'd', keys }, 'primary', {
      secrets: odd,
      clock: during,
    });
    await assertRefused(loading, 'KEY-UNUSABLE', /^(?!.*c2VzYW1l).*env:KEY.*a key of 6 bytes/);
  });

  it('is that of a connection string', async () => {
    const text = `HostName=Hub.example;DeviceId=Pump#7;SharedAccessKey=${deviceKey}`;
    const credential = await loadKey({ method: 'connection_string', connectionString: plain(text) });
    assert.ok(credential.method === 'symmetric_key');
    assert.deepEqual([credential.registrationId, credential.key.reveal()], ['Pump#7', deviceKey]);
  });

  it('does not show when it is printed', async () => {
    const credential = await loadKey(byKey('device', deviceKey));
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

  it('has the registration ID of the configuration, whatever the case of the common name', async (t) => {
    const files = await write(t, device.certificatePem, device.privateKeyPem);
    assert.equal((await load(files, during, 'Gateway-01')).registrationId, 'Gateway-01');
  });

  it('is refused for another registration ID than its common name, naming both', async (t) => {
    const files = await write(t, device.certificatePem, device.privateKeyPem);
    await assertRefused(
      load(files, during, 'gateway-02'),
      'CERT-UNUSABLE',
      /common name is "gateway-01" and the registration ID gateway-02/,
    );
  });

  it('is refused when its common name cannot be a registration ID', async (t) => {
    const odd = await certificateWithSubject([{ CN: ['Pump in hall 3'] }], validity);
    const files = await write(t, odd.certificatePem, odd.privateKeyPem);
    await assertRefused(load(files), 'CERT-UNUSABLE', /"Pump in hall 3" cannot be a registration ID/);
  });

  it('is refused without a common name, though the configuration has a registration ID', async (t) => {
    const odd = await certificateWithSubject([{ O: ['Works'] }], validity);
    const files = await write(t, odd.certificatePem, odd.privateKeyPem);
    await assertRefused(load(files, during, 'gateway-02'), 'CERT-UNUSABLE', /one common name/);
  });

  it('may have any name where the hub is asked, not DPS', async (t) => {
    const primary = await write(t, device.certificatePem, device.privateKeyPem);
    const credential = await loadKey({ method: 'x509', deviceId: 'pump#7', primary });
    assert.equal(credential.registrationId, 'pump#7');
  });

  it('is the second one when that is asked for', async (t) => {
    const primary = await write(t, device.certificatePem, device.privateKeyPem);
    const secondary = await write(t, other.certificatePem, other.privateKeyPem);
    const credential = await loadKey({ method: 'x509', primary, secondary }, 'secondary');
    assert.ok(credential.method === 'x509' && credential.name === 'secondary');
    assert.equal(credential.certificate, other.certificatePem);
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

  for (const [order, join] of [
    ['certificate first', (cert: string, key: string) => cert + key],
    ['key first', (cert: string, key: string) => key + cert],
  ] as const) {
    it(`reads certificate and key from one file, ${order}, and keeps them apart`, async (t) => {
      const files = await write(t, join(device.certificatePem, device.privateKeyPem), '');
      const credential = await load({ ...files, privateKey: files.certificate });
      assert.equal(credential.certificate, device.certificatePem);
      assert.match(credential.privateKey.reveal(), /PRIVATE KEY/);
      assert.doesNotMatch(inspect(credential) + JSON.stringify(credential), /PRIVATE KEY/);
    });
  }

  it('uses replaced files at the next attempt', async (t) => {
    const files = await write(t, device.certificatePem, device.privateKeyPem);
    const before = await load(files);
    await writeFile(files.certificate, other.certificatePem);
    await writeFile(files.privateKey, other.privateKeyPem);
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
    await assertRefused(
      load(files),
      'CERT-UNUSABLE',
      /key\.pem is the private key of certificate 2 in \S*cert\.pem: the device’s own has to be the first there/,
    );
  });

  it('is refused with the two files the wrong way round, saying so', async (t) => {
    const files = await write(t, device.privateKeyPem, device.certificatePem);
    await assertRefused(
      load(files),
      'CERT-UNUSABLE',
      /cannot use \S*cert\.pem: .*it holds a private key and no certificate: are the two files the wrong way round\?/,
    );
  });

  it('is refused in DER, saying what is wanted', async (t) => {
    const files = await write(t, device.certificatePem, device.privateKeyPem);
    await writeFile(files.certificate, new X509Certificate(device.certificatePem).raw);
    await assertRefused(load(files), 'CERT-UNUSABLE', /it holds no certificate in PEM, .*BEGIN CERTIFICATE/);
    await writeFile(files.certificate, device.certificatePem);
    const key = createPrivateKey(device.privateKeyPem);
    await writeFile(files.privateKey, key.export({ type: 'pkcs8', format: 'der' }));
    await assertRefused(load(files), 'CERT-UNUSABLE', /it holds no private key in PEM, .*BEGIN PRIVATE KEY/);
  });

  for (const file of ['certificate', 'privateKey'] as const) {
    const name = file === 'certificate' ? 'cert\\.pem' : 'key\\.pem';

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

  for (const type of ['pkcs8', 'sec1'] as const) {
    describe(`with a key that is encrypted (${type})`, () => {
      const encrypted = async (t: TestContext): Promise<IdentityFiles> => {
        const cipher = { cipher: 'aes-256-cbc', passphrase: 'sesame' };
        const pem = createPrivateKey(device.privateKeyPem).export({ type, format: 'pem', ...cipher });
        return write(t, device.certificatePem, String(pem));
      };

      it('gives the key decrypted, so that nobody else needs the passphrase', async (t) => {
        const files = { ...(await encrypted(t)), passphrase: plain('sesame') };
        const { privateKey } = await load(files);
        assert.doesNotMatch(privateKey.reveal(), /ENCRYPTED/);
        const [given, own] = [privateKey.reveal(), device.privateKeyPem].map((pem) => createPrivateKey(pem));
        assert.ok(given !== undefined && own !== undefined && given.equals(own));
      });

      it('is refused without a passphrase', async (t) => {
        await assertRefused(load(await encrypted(t)), 'CERT-UNUSABLE', /key\.pem.*no passphrase/);
      });

      it('is refused with another passphrase, which is not shown', async (t) => {
        const files = { ...(await encrypted(t)), passphrase: plain('simsalabim') };
        await assertRefused(
          load(files),
          'CERT-UNUSABLE',
          /key\.pem(?!.*simsalabim).*cannot be decrypted with the passphrase/,
        );
      });

      it('waits for a passphrase that cannot be read yet', async (t) => {
        const files = { ...(await encrypted(t)), passphrase: { kind: 'env', name: 'NONE' } as const };
        await assertRefused(load(files), 'SECRET-UNREADABLE', /env:NONE/);
      });
    });
  }

  it('does not mind a passphrase that it does not need', async (t) => {
    const files = await write(t, device.certificatePem, device.privateKeyPem);
    const { privateKey } = await load({ ...files, passphrase: plain('sesame') });
    assert.equal(privateKey.reveal(), device.privateKeyPem);
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

describe('credentialNames', () => {
  it('are one, or two where a second is configured', () => {
    const [one, two] = [plain(deviceKey), plain(groupKey)];
    const withKeys = (keys: { primary: SecretSource; secondary?: SecretSource }): Attestation => ({
      method: 'symmetric_key',
      registrationId: 'd',
      keys: { kind: 'device', ...keys },
    });
    const pair: IdentityFiles = { kind: 'files', certificate: '/a', privateKey: '/b' };
    assert.deepEqual(credentialNames(withKeys({ primary: one })), ['primary']);
    assert.deepEqual(credentialNames(withKeys({ primary: one, secondary: two })), ['primary', 'secondary']);
    assert.deepEqual(credentialNames({ method: 'x509', primary: pair }), ['primary']);
    assert.deepEqual(credentialNames({ method: 'x509', primary: pair, secondary: pair }), [
      'primary',
      'secondary',
    ]);
    assert.deepEqual(credentialNames({ method: 'connection_string', connectionString: one }), ['primary']);
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
      [deviceKey, groupKey].map(async (key) => credentialDigest(await loadKey(byKey('device', key)))),
    );
    assert.notEqual(one, two);
    const hex = Buffer.from(deviceKey, 'base64').toString('hex');
    assert.ok(!String(one).includes(hex) && !String(one).includes(deviceKey));
  });
});
