import assert from 'node:assert/strict';
import { createPrivateKey } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { createDeviceCertificate } from '../../../src/certificates/certificate.ts';
import type { Credential } from '../../../src/certificates/certificate.ts';
import type { Simulator } from '../../../src/simulator/simulator.ts';
import { startAgent } from '../../support/agent.ts';
import { attestationBy, certificateFiles, expiredNow, validNow } from '../../support/certificate-files.ts';
import { Scratch } from '../../support/scratch.ts';
import { enrollWithKey, newKey, putKeyEnrollment, simulatorFor } from '../../support/simulator.ts';
import { keepSecret } from '../../support/test-logs.ts';

describe('credentials as operators hand them over', () => {
  let scratch: Scratch;
  let simulator: Simulator;

  beforeEach(async () => {
    scratch = new Scratch();
    simulator = await simulatorFor(scratch);
  });

  afterEach(() => scratch.clean());

  async function arrives(): Promise<void> {
    await simulator.messages.waitFor(() => true, AbortSignal.timeout(15_000));
  }

  function enroll({ certificatePem: certificate }: Credential): void {
    simulator.registry.enrollments.put('gateway', {
      attestation: { type: 'x509', x509: { clientCertificates: { primary: { certificate } } } },
    });
  }

  it('a private key that is encrypted, with its passphrase', async () => {
    const leaf = await createDeviceCertificate({ commonName: 'gateway', validity: validNow() });
    enroll(leaf);
    const passphrase = newKey();
    const encrypted = createPrivateKey(leaf.privateKeyPem)
      .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase })
      .toString();
    const files = await certificateFiles(scratch, { ...leaf, privateKeyPem: encrypted });
    keepSecret(leaf.privateKeyPem.split('\n')[1] ?? '');
    const attestation = { ...attestationBy(files), identity_pk_passphrase: passphrase };
    await startAgent({ scratch, simulator, attestation });
    await arrives();
  });

  it('a second certificate, used when the first has expired, and said in the twin with its days left', async () => {
    const first = await createDeviceCertificate({ commonName: 'gateway', validity: expiredNow() });
    const second = await createDeviceCertificate({ commonName: 'gateway', validity: validNow() });
    enroll(second);
    const { certificate, privateKey } = await certificateFiles(scratch, second);
    const attestation = {
      ...attestationBy(await certificateFiles(scratch, first)),
      secondary_identity_cert: `file://${certificate}`,
      secondary_identity_pk: `file://${privateKey}`,
    };
    await startAgent({ scratch, simulator, attestation });
    await arrives();
    const { reported } = await simulator.untilTwin(
      'gateway',
      (twin) => 'provisioning' in twin.reported.properties,
      AbortSignal.timeout(10_000),
    );
    const { credential, certificateDaysLeft } = reported.properties['provisioning'] as Record<
      string,
      unknown
    >;
    assert.deepEqual(
      { credential, certificateDaysLeft },
      { credential: 'secondary', certificateDaysLeft: 0 },
    );
  });

  it('a key in a file, read anew for each attempt', async () => {
    const key = newKey();
    putKeyEnrollment(simulator, 'gateway', key);
    const path = join(await scratch.folder(), 'key');
    const attestation = {
      method: 'symmetric_key',
      registration_id: 'gateway',
      symmetric_key: `file://${path}`,
    };
    const { log } = await startAgent({ scratch, simulator, attestation });
    await log.untilCode('SECRET-UNREADABLE');
    await writeFile(path, `${newKey()}\n`, { mode: 0o600 });
    await log.untilCode('DPS-401');
    await writeFile(path, `${key}\n`, { mode: 0o600 });
    await arrives();
  });

  it('a key in the environment', async () => {
    const attestation = enrollWithKey(simulator, 'gateway');
    process.env['DPS_AGENT_TEST_KEY'] = attestation['symmetric_key'];
    scratch.defer(() => {
      delete process.env['DPS_AGENT_TEST_KEY'];
      return Promise.resolve();
    });
    await startAgent({
      scratch,
      simulator,
      attestation: { ...attestation, symmetric_key: 'env:DPS_AGENT_TEST_KEY' },
    });
    await arrives();
  });

  it('a device that IoT Central has blocked, or not approved yet, waits and comes when it may', async () => {
    const attestation = enrollWithKey(simulator, 'gateway');
    simulator.faults.add({ kind: 'dps-error', status: 401, errorCode: 400209 });
    const provisioning = ['payload: {modelId: "dtmi:example:gateway;1"}'];
    const { log } = await startAgent({ scratch, simulator, attestation, provisioning });
    const line = await log.untilCode('DPS-401');
    assert.match(line.msg, /error code 400209/);
    await simulator.faults.clear();
    await arrives();
    const { receivedPayload } = simulator.registry.registrations.get('gateway');
    assert.deepEqual(receivedPayload, { modelId: 'dtmi:example:gateway;1' });
  });
});
