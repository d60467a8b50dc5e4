import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { createDeviceCertificate } from '../../../src/certificates/certificate.ts';
import type { Credential } from '../../../src/certificates/certificate.ts';
import type { Simulator } from '../../../src/simulator/simulator.ts';
import { startAgent } from '../../support/agent.ts';
import { attestationBy, certificateFiles, replaceFiles, validNow } from '../../support/certificate-files.ts';
import { EstServer, estUser } from '../../support/est-server.ts';
import { Scratch } from '../../support/scratch.ts';
import { dpsConnections, simulatorFor } from '../../support/simulator.ts';

/** The files are looked at every ten seconds, and a change must keep still for as long. */
const noticedMs = 30_000;

function enroll(simulator: Simulator, primary: Credential, secondary?: Credential): void {
  const certificate = (pem: Credential): { certificate: string } => ({ certificate: pem.certificatePem });
  simulator.registry.enrollments.put('gateway', {
    attestation: {
      type: 'x509',
      x509: {
        clientCertificates: {
          primary: certificate(primary),
          ...(secondary === undefined ? {} : { secondary: certificate(secondary) }),
        },
      },
    },
  });
}

function newLeaf(): Promise<Credential> {
  return createDeviceCertificate({ commonName: 'gateway', validity: validNow() });
}

async function arrives(simulator: Simulator, from = 0): Promise<void> {
  const wanted = AbortSignal.timeout(20_000);
  await simulator.messages.waitFor(({ sequence }) => sequence > from, wanted);
}

describe('certificates that are replaced while the agent runs', { concurrency: true }, () => {
  it('a good pair is proved in a session of its own, and used from then on', async (t) => {
    const scratch = new Scratch();
    t.after(() => scratch.clean());
    const simulator = await simulatorFor(scratch);
    const [old, fresh] = [await newLeaf(), await newLeaf()];
    enroll(simulator, old, fresh);
    const files = await certificateFiles(scratch, old);
    const { log } = await startAgent({ scratch, simulator, attestation: attestationBy(files) });
    await arrives(simulator);
    await replaceFiles(files, fresh);
    await log.until(({ msg }) => msg.startsWith('another certificate has been proved'), noticedMs);
    const from = log.lines.length;
    // The hub by now takes the new certificate only: being connected again proves which one is in use.
    await log.untilState('connected', 15_000, from);
    await arrives(simulator, simulator.messages.since().length);
    assert.equal(dpsConnections(simulator), 2);
  });

  it('a bad pair is refused aloud, and the old one goes on', async (t) => {
    const scratch = new Scratch();
    t.after(() => scratch.clean());
    const simulator = await simulatorFor(scratch);
    const [old, stranger] = [await newLeaf(), await newLeaf()];
    enroll(simulator, old);
    const files = await certificateFiles(scratch, old);
    const { log } = await startAgent({ scratch, simulator, attestation: attestationBy(files) });
    await arrives(simulator);
    await replaceFiles(files, stranger);
    await log.untilCode('DPS-401', noticedMs);
    simulator.faults.add({ kind: 'drop-connections' });
    await log.untilState('connected', 15_000, log.lines.length);
    await arrives(simulator, simulator.messages.since().length);
  });

  it('a device without a certificate gets one by EST, registers with it and is at its hub', async (t) => {
    const scratch = new Scratch();
    t.after(() => scratch.clean());
    const simulator = await simulatorFor(scratch);
    const est = await EstServer.start(scratch, () => new Date());
    simulator.registry.enrollmentGroups.put('by-est', {
      attestation: {
        type: 'x509',
        x509: { signingCertificates: { primary: { certificate: await readFile(est.caFile, 'utf8') } } },
      },
    });
    const identity = `{method: est, url: "${est.url}", username: ${estUser.username}, password: "${estUser.password}", trusted_certs: ["file://${est.caFile}"]}`;
    const attestation = { method: 'x509', registration_id: 'gateway', identity_cert: identity };
    const { log } = await startAgent({ scratch, simulator, attestation });
    await arrives(simulator);
    assert.equal(log.lines.filter((line) => line['state'] === 'connected').length, 1);
  });
});
