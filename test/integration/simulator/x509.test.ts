import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import device from 'azure-iot-device';
import { createAuthority, createDeviceCertificate } from '../../../src/certificates/certificate.ts';
import type { Credential } from '../../../src/certificates/certificate.ts';
import { thumbprintsOf } from '../../../src/certificates/thumbprint.ts';
import { openDevice, register, simulatorFor } from './support.ts';

const day = 24 * 3600 * 1000;
const around = (from: number, to: number) => ({
  notBefore: new Date(Date.now() + from * day),
  notAfter: new Date(Date.now() + to * day),
});
const validity = around(-1, 30);

/** A leaf that sends the certificates between itself and the root along with it. */
const withChain = (leaf: Credential, ...others: Credential[]): Credential => ({
  ...leaf,
  certificatePem: [leaf, ...others].map((each) => each.certificatePem).join(''),
});

const signedBy = (certificate: Credential) =>
  ({
    type: 'x509',
    x509: { signingCertificates: { primary: { certificate: certificate.certificatePem } } },
  }) as const;

const unauthorized = { name: 'UnauthorizedError' };

describe('X.509', () => {
  it('takes a self-signed leaf by its certificate, at DPS and at the hub', async (t) => {
    const simulator = await simulatorFor(t);
    const leaf = await createDeviceCertificate({ commonName: 'gw-1', validity });
    simulator.registry.enrollments.put('gw-1', {
      attestation: {
        type: 'x509',
        x509: { clientCertificates: { primary: { certificate: leaf.certificatePem } } },
      },
    });
    const { assignedHub, deviceId } = await register(simulator, 'gw-1', leaf);
    const client = await openDevice(t, simulator, { assignedHub, deviceId }, leaf);
    await client.sendEvent(new device.Message('x'));
    assert.equal(simulator.connections.current()[0]?.authentication, 'x509');
  });

  it('takes a leaf by thumbprint alone, primary or secondary', async (t) => {
    const simulator = await simulatorFor(t);
    const old = await createDeviceCertificate({ commonName: 'gw-1', validity });
    const next = await createDeviceCertificate({ commonName: 'gw-1', validity });
    const info = (leaf: Credential) => ({
      info: { sha256Thumbprint: thumbprintsOf(leaf.certificatePem).sha256.toLowerCase() },
    });
    simulator.registry.enrollments.put('gw-1', {
      attestation: {
        type: 'x509',
        x509: { clientCertificates: { primary: info(old), secondary: info(next) } },
      },
    });
    assert.equal((await register(simulator, 'gw-1', old)).status, 'assigned');
    assert.equal((await register(simulator, 'gw-1', next)).status, 'assigned');
    const stranger = await createDeviceCertificate({ commonName: 'gw-1', validity });
    await assert.rejects(register(simulator, 'gw-1', stranger), unauthorized);
  });

  it('takes a leaf under an enrolled root, with and without an intermediate', async (t) => {
    const simulator = await simulatorFor(t);
    const root = await createAuthority({ commonName: 'Root', validity });
    const middle = await createAuthority({ commonName: 'Middle', validity, issuer: root });
    simulator.registry.enrollmentGroups.put('plant', { attestation: signedBy(root) });
    const direct = await createDeviceCertificate({ commonName: 'gw-1', validity, issuer: root });
    const below = await createDeviceCertificate({ commonName: 'gw-2', validity, issuer: middle });

    const first = await register(simulator, 'gw-1', direct);
    assert.equal(first.deviceId, 'gw-1');
    await openDevice(t, simulator, { assignedHub: first.assignedHub, deviceId: 'gw-1' }, direct);
    const second = await register(simulator, 'gw-2', withChain(below, middle));
    assert.equal(second.deviceId, 'gw-2');
    await openDevice(
      t,
      simulator,
      { assignedHub: second.assignedHub, deviceId: 'gw-2' },
      withChain(below, middle),
    );
    await assert.rejects(register(simulator, 'gw-2', below), unauthorized);
  });

  it('judges by the enrolled CA that is nearest to the leaf, and by that alone', async (t) => {
    const simulator = await simulatorFor(t);
    const root = await createAuthority({ commonName: 'Root', validity });
    const middle = await createAuthority({ commonName: 'Middle', validity, issuer: root });
    const leaf = await createDeviceCertificate({ commonName: 'gw-1', validity, issuer: middle });
    const { enrollmentGroups, registrations } = simulator.registry;
    enrollmentGroups.put('company', { attestation: signedBy(root) });
    enrollmentGroups.put('plant', { attestation: signedBy(middle) });
    await register(simulator, 'gw-1', withChain(leaf, middle));
    assert.equal(registrations.get('gw-1').enrollmentGroupId, 'plant');
    enrollmentGroups.put('plant', { attestation: signedBy(middle), provisioningStatus: 'disabled' });
    await assert.rejects(register(simulator, 'gw-1', withChain(leaf, middle)));
    assert.equal(registrations.get('gw-1').status, 'disabled');
  });

  it('takes an enrolled intermediate for an authority, and a CA by reference', async (t) => {
    const simulator = await simulatorFor(t);
    const root = await createAuthority({ commonName: 'Root', validity });
    const middle = await createAuthority({ commonName: 'Middle', validity, issuer: root });
    const leaf = await createDeviceCertificate({ commonName: 'gw-1', validity, issuer: middle });
    simulator.registry.putCertificate('middle', middle.certificatePem);
    simulator.registry.enrollmentGroups.put('plant', {
      attestation: { type: 'x509', x509: { caReferences: { primary: 'middle' } } },
    });
    assert.equal((await register(simulator, 'gw-1', leaf)).status, 'assigned');
  });

  it('refuses what is expired, not yet valid, under another name or under another root', async (t) => {
    const simulator = await simulatorFor(t);
    const root = await createAuthority({ commonName: 'Root', validity });
    const impostor = await createAuthority({ commonName: 'Root', validity });
    simulator.registry.enrollmentGroups.put('plant', { attestation: signedBy(root) });
    const base = { commonName: 'gw-1', validity, issuer: root };
    for (const refused of [
      await createDeviceCertificate({ ...base, validity: around(-10, -1) }),
      await createDeviceCertificate({ ...base, validity: around(1, 10) }),
      await createDeviceCertificate({ ...base, commonName: 'gw-2' }),
      await createDeviceCertificate({ ...base, issuer: impostor }),
    ]) {
      await assert.rejects(register(simulator, 'gw-1', refused), unauthorized);
    }
    assert.deepEqual(simulator.registry.registrations.list(), []);
  });

  it('lets a hub trust a CA for devices that are registered so', async (t) => {
    const simulator = await simulatorFor(t);
    const root = await createAuthority({ commonName: 'Root', validity });
    const leaf = await createDeviceCertificate({ commonName: 'gw-1', validity, issuer: root });
    simulator.registry.putDevice('gw-1', { authentication: { type: 'certificateAuthority' } });
    const address = { assignedHub: simulator.hubs[0]?.name ?? '', deviceId: 'gw-1' };
    await assert.rejects(openDevice(t, simulator, address, leaf), unauthorized);
    simulator.registry.putCertificate('root', root.certificatePem);
    await openDevice(t, simulator, address, leaf);
  });

  it('refuses an X.509 device at the hub that comes with another leaf', async (t) => {
    const simulator = await simulatorFor(t);
    const leaf = await createDeviceCertificate({ commonName: 'gw-1', validity });
    const primaryThumbprint = thumbprintsOf(leaf.certificatePem).sha1;
    simulator.registry.putDevice('gw-1', {
      authentication: { type: 'selfSigned', x509Thumbprint: { primaryThumbprint } },
    });
    const address = { assignedHub: simulator.hubs[0]?.name ?? '', deviceId: 'gw-1' };
    const other = await createDeviceCertificate({ commonName: 'gw-1', validity });
    await assert.rejects(openDevice(t, simulator, address, other), unauthorized);
    await openDevice(t, simulator, address, leaf);
  });
});
