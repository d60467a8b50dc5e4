import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { createAuthority, createDeviceCertificate } from '../../../src/certificates/certificate.ts';
import type { Credential } from '../../../src/certificates/certificate.ts';
import { thumbprintsOf } from '../../../src/certificates/thumbprint.ts';
import { Secret } from '../../../src/lib/secret.ts';
import { deriveDeviceKey } from '../../../src/provisioning/derive-device-key.ts';
import type { Simulator } from '../../../src/simulator/simulator.ts';
import { startAgent } from '../../support/agent.ts';
import {
  attestationBy,
  certificateFiles,
  expiredNow,
  replaceFiles,
  validNow,
} from '../../support/certificate-files.ts';
import { Scratch } from '../../support/scratch.ts';
import { enrollWithKey, newKey, putKeyEnrollment, simulatorFor } from '../../support/simulator.ts';
import { keepSecret } from '../../support/test-logs.ts';

describe('ways in', () => {
  let scratch: Scratch;
  let simulator: Simulator;

  beforeEach(async () => {
    scratch = new Scratch();
    simulator = await simulatorFor(scratch);
  });

  afterEach(() => scratch.clean());

  async function arrives(device: string): Promise<void> {
    const message = await simulator.messages.waitFor(
      (each) => each.device === device,
      AbortSignal.timeout(10_000),
    );
    assert.equal(message.device, device);
  }

  function enrollLeaf(registrationId: string, { certificatePem: certificate }: Credential): void {
    simulator.registry.enrollments.put(registrationId, {
      attestation: { type: 'x509', x509: { clientCertificates: { primary: { certificate } } } },
    });
  }

  it('individual symmetric key', async () => {
    const attestation = enrollWithKey(simulator, 'with-own-key');
    await startAgent({ scratch, simulator, attestation });
    await arrives('with-own-key');
  });

  it('group key, from which the agent derives its own', async () => {
    const group_key = newKey();
    simulator.registry.enrollmentGroups.put('fleet', {
      attestation: { type: 'symmetricKey', symmetricKey: { primaryKey: group_key, secondaryKey: newKey() } },
    });
    keepSecret(deriveDeviceKey(new Secret(group_key), 'With-Group-Key').reveal());
    const attestation = { method: 'symmetric_key', registration_id: 'With-Group-Key', group_key };
    await startAgent({ scratch, simulator, attestation });
    await arrives('With-Group-Key');
  });

  it('X.509: self-signed leaf, by thumbprint', async () => {
    const leaf = await createDeviceCertificate({ commonName: 'self-signed', validity: validNow() });
    simulator.registry.enrollments.put('self-signed', {
      attestation: {
        type: 'x509',
        x509: {
          clientCertificates: {
            primary: { info: { sha256Thumbprint: thumbprintsOf(leaf.certificatePem).sha256 } },
          },
        },
      },
    });
    await startAgent({
      scratch,
      simulator,
      attestation: attestationBy(await certificateFiles(scratch, leaf)),
    });
    await arrives('self-signed');
  });

  it('X.509: leaf under an enrolled authority, with an intermediate between', async () => {
    const root = await createAuthority({ commonName: 'root', validity: validNow() });
    const intermediate = await createAuthority({
      commonName: 'intermediate',
      validity: validNow(),
      issuer: root,
    });
    const leaf = await createDeviceCertificate({
      commonName: 'under-authority',
      validity: validNow(),
      issuer: intermediate,
    });
    simulator.registry.enrollmentGroups.put('certified', {
      attestation: {
        type: 'x509',
        x509: { signingCertificates: { primary: { certificate: root.certificatePem } } },
      },
    });
    await startAgent({
      scratch,
      simulator,
      attestation: attestationBy(await certificateFiles(scratch, leaf, [intermediate])),
    });
    await arrives('under-authority');
  });

  it('a wrong key is DPS-401, waited out long, and heals when the enrollment has the key', async () => {
    enrollWithKey(simulator, 'wrong-key');
    const symmetric_key = newKey();
    const attestation = { method: 'symmetric_key', registration_id: 'wrong-key', symmetric_key };
    const { log } = await startAgent({ scratch, simulator, attestation });
    await refusedWith('DPS-401', log);
    putKeyEnrollment(simulator, 'wrong-key', symmetric_key);
    await arrives('wrong-key');
  });

  it('an unknown registration is DPS-401, waited out long, and heals when it is enrolled', async () => {
    const symmetric_key = newKey();
    const attestation = { method: 'symmetric_key', registration_id: 'unknown', symmetric_key };
    const { log } = await startAgent({ scratch, simulator, attestation });
    await refusedWith('DPS-401', log);
    putKeyEnrollment(simulator, 'unknown', symmetric_key);
    await arrives('unknown');
  });

  it('a disabled enrollment is DPS-DISABLED, waited out long, and heals when it is enabled', async () => {
    const attestation = enrollWithKey(simulator, 'disabled', { provisioningStatus: 'disabled' });
    const { log } = await startAgent({ scratch, simulator, attestation });
    await refusedWith('DPS-DISABLED', log);
    putKeyEnrollment(simulator, 'disabled', attestation['symmetric_key'] ?? '');
    await arrives('disabled');
  });

  it('an expired certificate is CERT-EXPIRED, nothing is sent, and it heals when the files are replaced', async () => {
    const old = await createDeviceCertificate({ commonName: 'expired', validity: expiredNow() });
    const files = await certificateFiles(scratch, old);
    const { log } = await startAgent({ scratch, simulator, attestation: attestationBy(files) });
    await refusedWith('CERT-EXPIRED', log);
    assert.deepEqual(simulator.connections.history(), []);
    const fresh = await createDeviceCertificate({ commonName: 'expired', validity: validNow() });
    enrollLeaf('expired', fresh);
    await replaceFiles(files, fresh);
    await arrives('expired');
  });

  /** The code is logged and the wait is one of the long ones: at least half of `rejected_retry.initial`. */
  async function refusedWith(
    code: string,
    log: Awaited<ReturnType<typeof startAgent>>['log'],
  ): Promise<void> {
    const line = await log.untilCode(code);
    assert.equal(line['kind'], 'rejected');
    assert.ok(Number(line['delayMs']) >= 500, `waits ${String(line['delayMs'])} ms`);
  }
});
