import { randomBytes } from 'node:crypto';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createTestAuthority, createTestDevice } from '../../certificates/test-authority.ts';
import type { TestAuthority } from '../../certificates/test-authority.ts';
import type { Clock } from '../../lib/clock.ts';
import { Secret } from '../../lib/secret.ts';
import { deriveDeviceKey } from '../../provisioning/derive-device-key.ts';
import type { Registry } from '../../simulator/registry.ts';
import type { FleetTarget } from './fleet-options.ts';
import type { Enlisted } from './roster.ts';

/** How one agent proves itself. */
export interface Identity {
  /** The section of config.yaml. */
  readonly attestation: Readonly<Record<string, string>>;
  readonly keyFile?: string;
  /** What must never be seen in a log. */
  readonly secrets: readonly string[];
}

/** Gives the agents of a fleet what they prove themselves by, and enrolls them where that can be done. */
export interface Identities {
  /** Those of all, such as a group's keys. */
  readonly secrets: readonly string[];
  /** Writes key files into the folder. */
  identify(who: Pick<Enlisted, 'name' | 'attestation'>, folder: string): Promise<Identity>;
  /** Replaces the files of one with a certificate; resolves with what is secret now. Absent: nobody has one. */
  certify?(name: string, folder: string, notAfter: Date): Promise<readonly string[]>;
}

const groupName = 'soak';
const certificateGroupName = 'soak-certificates';
/** Until a scenario has them expire, certificates outlast any soak. */
const dayMs = 86_400_000;

export async function openIdentities(target: FleetTarget, clock: Clock): Promise<Identities> {
  return target.kind === 'azure'
    ? new GroupMembers({ primary: target.groupKey })
    : await enrolledAt(target.cloud.simulator.registry, clock);
}

interface GroupKeys {
  readonly primary: Secret;
  readonly secondary?: Secret;
}

/** Everybody by a key that is derived from the group's. */
class GroupMembers implements Identities {
  readonly secrets: readonly string[];
  readonly #keys: GroupKeys;

  constructor(keys: GroupKeys) {
    this.#keys = keys;
    this.secrets = [keys.primary, keys.secondary].flatMap((key) => (key === undefined ? [] : [key.reveal()]));
  }

  identify({ name }: { readonly name: string }, folder: string): Promise<Identity> {
    const { primary, secondary } = this.#keys;
    return withKeys(name, folder, [
      deriveDeviceKey(primary, name).reveal(),
      ...(secondary === undefined ? [] : [deriveDeviceKey(secondary, name).reveal()]),
    ]);
  }
}

async function enrolledAt(registry: Registry, clock: Clock): Promise<Identities> {
  const keys = { primary: newKey(), secondary: newKey() };
  const authority = await createTestAuthority({
    name: 'dps-agent soak',
    intermediates: 1,
    validity: { notBefore: daysFrom(clock, -1), notAfter: daysFrom(clock, 3650) },
  });
  registry.enrollmentGroups.put(groupName, {
    attestation: { type: 'symmetricKey', symmetricKey: enrolledKeys(keys.primary, keys.secondary) },
  });
  const signer = { primary: { certificate: authority.root.certificatePem } };
  registry.enrollmentGroups.put(certificateGroupName, {
    attestation: { type: 'x509', x509: { signingCertificates: signer } },
  });
  return new EnrolledMembers(registry, new GroupMembers(keys), authority, clock);
}

class EnrolledMembers implements Identities {
  readonly secrets: readonly string[];
  readonly #registry: Registry;
  readonly #group: GroupMembers;
  readonly #authority: TestAuthority;
  readonly #clock: Clock;

  constructor(registry: Registry, group: GroupMembers, authority: TestAuthority, clock: Clock) {
    this.#registry = registry;
    this.#group = group;
    this.#authority = authority;
    this.#clock = clock;
    const signers = [authority.root, ...authority.intermediates];
    this.secrets = [...group.secrets, ...signers.map(({ privateKeyPem }) => privateKeyPem)];
  }

  async identify(who: Pick<Enlisted, 'name' | 'attestation'>, folder: string): Promise<Identity> {
    const { name } = who;
    switch (who.attestation) {
      case 'group':
        return this.#group.identify(who, folder);
      case 'key': {
        const [primary, secondary] = [newKey(), newKey()];
        this.#registry.enrollments.put(name, {
          attestation: { type: 'symmetricKey', symmetricKey: enrolledKeys(primary, secondary) },
        });
        return withKeys(name, folder, [primary.reveal(), secondary.reveal()]);
      }
      case 'x509': {
        const secrets = await this.certify(name, folder, daysFrom(this.#clock, 365));
        const files = certificateFiles(folder);
        const attestation = {
          method: 'x509',
          registration_id: name,
          identity_cert: `file://${files.certificate}`,
          identity_pk: `file://${files.privateKey}`,
        };
        return { attestation, secrets };
      }
    }
  }

  async certify(name: string, folder: string, notAfter: Date): Promise<readonly string[]> {
    const validity = { notBefore: daysFrom(this.#clock, -1), notAfter };
    const { certificatePem, privateKeyPem } = await createTestDevice(name, validity, this.#authority);
    const files = certificateFiles(folder);
    // The agent takes a pair up when both have kept still for a while, so that one after the other will do.
    await replaceFile(files.privateKey, privateKeyPem);
    await replaceFile(files.certificate, certificatePem);
    return [privateKeyPem];
  }
}

async function withKeys(name: string, folder: string, keys: readonly string[]): Promise<Identity> {
  const [keyFile, secondFile] = [join(folder, 'key'), join(folder, 'secondary-key')];
  const [primary = '', secondary] = keys;
  await replaceFile(keyFile, primary);
  const attestation = {
    method: 'symmetric_key',
    registration_id: name,
    symmetric_key: `file://${keyFile}`,
  };
  if (secondary === undefined) return { attestation, keyFile, secrets: keys };
  await replaceFile(secondFile, secondary);
  return {
    attestation: { ...attestation, secondary_symmetric_key: `file://${secondFile}` },
    keyFile,
    secrets: keys,
  };
}

/** Whoever reads it meanwhile reads the old one or the new; that it outlasts a power cut is of no use to a soak. */
async function replaceFile(path: string, content: string): Promise<void> {
  await writeFile(`${path}.new`, content, { mode: 0o600 });
  await rename(`${path}.new`, path);
}

function certificateFiles(folder: string): { readonly certificate: string; readonly privateKey: string } {
  return { certificate: join(folder, 'device.pem'), privateKey: join(folder, 'device.key.pem') };
}

function newKey(): Secret {
  return new Secret(randomBytes(32).toString('base64'));
}

function enrolledKeys(primary: Secret, secondary: Secret): { primaryKey: string; secondaryKey: string } {
  return { primaryKey: primary.reveal(), secondaryKey: secondary.reveal() };
}

function daysFrom(clock: Clock, days: number): Date {
  return new Date(clock.now().getTime() + days * dayMs);
}
