import { X509Certificate, createHash } from 'node:crypto';
import { CloudError } from '../cloud-error.ts';
import type { IdentityFiles } from '../config/identity-files.ts';
import type { SecretSource } from '../config/secret-source.ts';
import { parseConnectionString } from '../connection-string.ts';
import type { DeviceConnectionString } from '../connection-string.ts';
import { deviceKeyFault } from '../device-key.ts';
import type { Clock } from '../lib/clock.ts';
import type { Secret } from '../lib/secret.ts';
import { deriveDeviceKey } from './derive-device-key.ts';
import { loadX509 } from './identity-pair.ts';
import { placeOf } from './secrets.ts';
import type { Secrets } from './secrets.ts';

/** Which of the device's credentials: the second is tried when the first is refused. */
export type CredentialName = 'primary' | 'secondary';

/** What proves the device's identity to DPS and to the hub alike (protocol.md 2.2, 2.3). */
export type Credential = SymmetricKeyCredential | X509Credential;

export interface SymmetricKeyCredential {
  readonly method: 'symmetric_key';
  readonly name: CredentialName;
  /** With source manual, the device's ID in its hub. */
  readonly registrationId: string;
  /** The device's own key, base64. */
  readonly key: Secret;
}

export interface X509Credential {
  readonly method: 'x509';
  readonly name: CredentialName;
  /** With source manual, the device's ID in its hub. */
  readonly registrationId: string;
  /** PEM: the leaf first, then whatever intermediates the file holds. */
  readonly certificate: string;
  /** PEM, not encrypted. */
  readonly privateKey: Secret;
}

/** How the configuration says the device is to prove who it is. */
export type Attestation =
  | {
      readonly method: 'symmetric_key';
      readonly registrationId: string;
      readonly keys: Both<SecretSource> & { readonly kind: 'device' | 'group' };
    }
  | ({
      readonly method: 'x509';
      /** Absent: the certificate's common name, which DPS goes by anyway. */
      readonly registrationId?: string | undefined;
    } & Both<IdentityFiles>)
  /** Source manual: the hub goes by the certificate's thumbprint or authority. */
  | ({ readonly method: 'x509'; readonly deviceId: string } & Both<IdentityFiles>)
  | { readonly method: 'connection_string'; readonly connectionString: SecretSource };

interface Both<T> {
  readonly primary: T;
  readonly secondary?: T | undefined;
}

/** The credentials there are, in the order in which they are tried. */
export function credentialNames(attestation: Attestation): readonly CredentialName[] {
  return secondaryOf(attestation) === undefined ? ['primary'] : ['primary', 'secondary'];
}

export interface CredentialSources {
  readonly secrets: Pick<Secrets, 'read'>;
  readonly clock: Clock;
}

/**
 * Makes the credential anew for each attempt, so that replaced files are used without a restart.
 * Rejects with a CloudError (`CERT-…`, `KEY-UNUSABLE`, `SECRET-UNREADABLE`) before anything is sent when it cannot work.
 */
export async function loadCredential(
  attestation: Attestation,
  name: CredentialName,
  { secrets, clock }: CredentialSources,
): Promise<Credential> {
  switch (attestation.method) {
    case 'symmetric_key': {
      const { registrationId, keys } = attestation;
      const key = await readKey(chosen(keys, name), secrets);
      const own = keys.kind === 'device' ? key : deriveDeviceKey(key, registrationId);
      return { method: 'symmetric_key', name, registrationId, key: own };
    }
    case 'x509': {
      const wanted = 'deviceId' in attestation ? { deviceId: attestation.deviceId } : attestation;
      return { method: 'x509', name, ...(await loadX509(chosen(attestation, name), wanted, secrets, clock)) };
    }
    case 'connection_string': {
      const { deviceId, key } = await readConnectionString(attestation.connectionString, secrets);
      return { method: 'symmetric_key', name, registrationId: deviceId, key };
    }
  }
}

/** Rejects with a CloudError (`KEY-UNUSABLE`, `SECRET-UNREADABLE`). */
export async function readConnectionString(
  source: SecretSource,
  secrets: Pick<Secrets, 'read'>,
): Promise<DeviceConnectionString> {
  const parsed = parseConnectionString((await secrets.read(source)).reveal());
  if ('value' in parsed) return parsed.value;
  throw unusable(source, 'connection string', parsed.fault);
}

/** Identifies a credential without giving it away: a digest of the key, or the certificate's SHA-256 thumbprint. */
export function credentialDigest(credential: Credential): string {
  const identifying =
    credential.method === 'x509' ? new X509Certificate(credential.certificate).raw : credential.key.reveal();
  return createHash('sha256').update(identifying).digest('hex');
}

async function readKey(source: SecretSource, secrets: Pick<Secrets, 'read'>): Promise<Secret> {
  const key = await secrets.read(source);
  const fault = deviceKeyFault(key.reveal());
  if (fault !== undefined) throw unusable(source, 'key', fault);
  return key;
}

function unusable(source: SecretSource, what: string, fault: string): CloudError {
  const cause = new Error(`it is ${fault}`);
  return new CloudError('KEY-UNUSABLE', `use the ${what} at ${placeOf(source)}`, { cause });
}

function secondaryOf(attestation: Attestation): unknown {
  switch (attestation.method) {
    case 'symmetric_key':
      return attestation.keys.secondary;
    case 'x509':
      return attestation.secondary;
    case 'connection_string':
      return undefined;
  }
}

function chosen<T>(both: Both<T>, name: CredentialName): T {
  if (name === 'primary') return both.primary;
  if (both.secondary === undefined) throw new Error('cannot load a second credential: none is configured');
  return both.secondary;
}
