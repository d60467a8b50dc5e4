import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { describe, it } from 'node:test';
import {
  createTestAuthority,
  createTestDevice,
  testOrganization,
} from '../../../src/certificates/test-authority.ts';

const validity = { notBefore: new Date('2026-01-01T00:00:00Z'), notAfter: new Date('2027-01-01T00:00:00Z') };

describe('a test authority', () => {
  for (const intermediates of [0, 1, 3]) {
    it(`with ${intermediates} intermediates: each link is signed by the next, up to the root`, async () => {
      const authority = await createTestAuthority({ name: 'Bench CA', intermediates, validity });
      const device = await createTestDevice('gateway', validity, authority);
      const chain = certificatesIn(device.certificatePem);
      assert.equal(chain.length, 1 + intermediates);
      const links = [...chain, new X509Certificate(authority.root.certificatePem)];
      for (const [index, link] of links.entries()) {
        const issuer = links[index + 1] ?? link;
        assert.ok(link.checkIssued(issuer) && link.verify(issuer.publicKey), `link ${index}`);
        assert.equal(link.ca, index > 0);
      }
    });
  }

  it('marks everything it makes', async () => {
    const authority = await createTestAuthority({ name: 'Bench CA', intermediates: 1, validity });
    const device = await createTestDevice('gateway', validity, authority);
    for (const certificate of certificatesIn(device.certificatePem + authority.root.certificatePem)) {
      assert.equal(certificate.toLegacyObject().subject.O, testOrganization);
    }
    assert.equal(certificatesIn(device.certificatePem)[0]?.toLegacyObject().subject.CN, 'gateway');
  });

  it('is not needed for a device that signs for itself', async () => {
    const [only, ...others] = certificatesIn(
      (await createTestDevice('alone', validity, undefined)).certificatePem,
    );
    assert.deepEqual(others, []);
    assert.ok(only?.verify(only.publicKey) === true && only.subject === only.issuer && !only.ca);
  });
});

function certificatesIn(pem: string): X509Certificate[] {
  return [...pem.matchAll(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g)].map(
    ([one]) => new X509Certificate(one),
  );
}
