import { describeError } from '../lib/errors.ts';
import { daysLeft, urgencyOf } from '../renewal/days-left.ts';
import { readLeaf } from '../renewal/leaf.ts';
import { error, failed, ok, skipped, unknown, warning } from './check.ts';
import type { Check, Finding } from './check.ts';
import type { Device, LoadedCredential } from './scene.ts';

const credential: Check = {
  id: 'credential',
  looksAt: 'whether key, or certificate and private key, can be used, belong together and are valid now',
  command: 'dps-agent identity show',
  needs: ['config', 'secrets'],
  run: async ({ device, agent }) => {
    const all = await device.credentials();
    const broken = all.filter(({ problem }) => problem !== undefined);
    const usable = all.filter((each) => each.credential !== undefined);
    const [first] = broken;
    if (first === undefined) return ok(usable.map(inWords).join('; '));
    if (awaitsEst(device) && usable.length === 0) {
      const start = agent.kind === 'absent' ? { command: 'sudo systemctl start dps-agent' } : {};
      const remedy = 'let the agent run: it asks the EST server for a certificate';
      return unknown(`there is no certificate of the EST server yet: ${describeError(first.problem)}`, {
        remedy,
        ...start,
      });
    }
    if (usable.length === 0) return failed(first.problem, lookAtFiles(device));
    const { status, ...rest } = failed(first.problem, lookAtFiles(device));
    return { ...rest, status: status === 'error' ? 'warning' : status, seen: `${first.name}: ${rest.seen}` };
  },
};

const expiry: Check = {
  id: 'expiry',
  looksAt: 'how many days are left to the certificates',
  command: 'dps-agent identity show',
  needs: ['config', 'credential'],
  run: async ({ device }) => {
    const now = device.world.clock.now();
    const certificates = (await device.usable()).flatMap((each) =>
      each.method === 'x509' ? [{ name: each.name, leaf: readLeaf(each.certificate) }] : [],
    );
    if (certificates.length === 0) return skipped('a symmetric key does not expire');
    const seen = certificates
      .map(
        ({ name, leaf }) => `${name}: ${daysLeft(leaf, now)} days left, until ${leaf.notAfter.toISOString()}`,
      )
      .join('; ');
    const urgencies = certificates.map(({ leaf }) => urgencyOf(leaf, now));
    if (urgencies.every((urgency) => urgency === 'info')) return ok(seen);
    const remedy = awaitsEst(device)
      ? 'the agent renews it with the EST server; its log says what is in the way'
      : 'replace the files of identity_cert and identity_pk; no restart is needed';
    return urgencies.includes('error') ? error(seen, { remedy }) : warning(seen, { remedy });
  },
};

function inWords({ name, credential: given }: LoadedCredential): string {
  if (given === undefined) return name;
  const what = given.method === 'x509' ? 'certificate and private key belong together' : 'a symmetric key';
  return `${name}: ${what}, for ${given.registrationId}`;
}

/** A certificate that the agent itself is to get. */
function awaitsEst({ config }: Device): boolean {
  const { attestation } = config.provisioning;
  return attestation.method === 'x509' && !('deviceId' in attestation) && attestation.primary.kind === 'est';
}

function lookAtFiles({ config }: Device): Pick<Finding, 'command'> {
  const { attestation } = config.provisioning;
  if (attestation.method !== 'x509' || attestation.primary.kind === 'est') return {};
  const { certificate } = attestation.primary;
  return { command: `openssl x509 -noout -subject -dates -in ${certificate}` };
}

export const credentialChecks: readonly Check[] = [credential, expiry];
