import { X509Certificate, createHash, createPrivateKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { KeyObject } from 'node:crypto';
import { CloudError } from '../cloud-error.ts';
import type { Clock } from '../lib/clock.ts';
import { isText } from '../lib/json.ts';
import { Secret } from '../lib/secret.ts';
import { deriveDeviceKey } from './derive-device-key.ts';

/** What proves the device's identity to DPS and to the hub alike (protocol.md 2.2, 2.3). */
export type Credential = SymmetricKeyCredential | X509Credential;

export interface SymmetricKeyCredential {
  readonly method: 'symmetric_key';
  readonly registrationId: string;
  /** The device's own key, base64. */
  readonly key: Secret;
}

export interface X509Credential {
  readonly method: 'x509';
  readonly registrationId: string;
  /** PEM: the leaf first, then whatever intermediates the file holds. */
  readonly certificate: string;
  /** PEM. */
  readonly privateKey: Secret;
}

/** How the configuration says the device is to prove who it is. */
export type Attestation =
  | {
      readonly method: 'symmetric_key';
      readonly registrationId: string;
      readonly key: { readonly kind: 'device' | 'group'; readonly value: Secret };
    }
  | {
      readonly method: 'x509';
      /** Defaults to the certificate's common name. */
      readonly registrationId?: string | undefined;
      /** Paths of PEM files. */
      readonly identityCert: string;
      readonly identityPk: string;
    };

/**
 * Makes the credential anew for each attempt, so that replaced files are used without a restart.
 * Rejects with a CloudError (`CERT-…`) before anything is sent when the certificate cannot work.
 */
export async function loadCredential(attestation: Attestation, clock: Clock): Promise<Credential> {
  if (attestation.method === 'x509') return loadX509(attestation, clock);
  const { registrationId, key } = attestation;
  const deviceKey = key.kind === 'device' ? key.value : deriveDeviceKey(key.value, registrationId);
  return { method: 'symmetric_key', registrationId, key: deviceKey };
}

/** Identifies a credential without giving it away: a digest of the key, or the certificate's SHA-256 thumbprint. */
export function credentialDigest(credential: Credential): string {
  const identifying =
    credential.method === 'x509' ? new X509Certificate(credential.certificate).raw : credential.key.reveal();
  return createHash('sha256').update(identifying).digest('hex');
}

async function loadX509(
  attestation: Attestation & { method: 'x509' },
  clock: Clock,
): Promise<X509Credential> {
  const { identityCert, identityPk } = attestation;
  const [certificate, privateKey] = await Promise.all([readPem(identityCert), readPem(identityPk)]);
  const leaf = parse(identityCert, () => new X509Certificate(certificate));
  const key = parse(identityPk, () => parsePrivateKey(privateKey));
  checkPair(leaf, key, attestation);
  checkValidity(leaf, identityCert, clock.now());
  const registrationId = attestation.registrationId ?? commonName(leaf, identityCert);
  return { method: 'x509', registrationId, certificate, privateKey: new Secret(privateKey) };
}

async function readPem(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new CloudError('CERT-UNUSABLE', `read ${path}`, { cause });
  }
}

function parse<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new CloudError('CERT-UNUSABLE', `use ${path}`, { cause });
  }
}

function parsePrivateKey(pem: string): KeyObject {
  // OpenSSL would only say that it was interrupted.
  if (/^(-----BEGIN ENCRYPTED|Proc-Type: 4,ENCRYPTED)/m.test(pem))
    throw new Error('the key is encrypted, and there is no passphrase to decrypt it with');
  return createPrivateKey(pem);
}

function checkPair(
  leaf: X509Certificate,
  key: KeyObject,
  files: { identityCert: string; identityPk: string },
): void {
  if (leaf.checkPrivateKey(key)) return;
  const cause = new Error(`${files.identityPk} is not the private key of ${files.identityCert}`);
  throw new CloudError('CERT-UNUSABLE', `use ${files.identityCert}`, { cause });
}

function checkValidity(leaf: X509Certificate, path: string, now: Date): void {
  if (now > new Date(leaf.validTo)) {
    throw new CloudError('CERT-EXPIRED', `use ${path}`, {
      cause: new Error(`it was valid until ${leaf.validTo}`),
    });
  }
  if (now < new Date(leaf.validFrom)) {
    const cause = new Error(
      `it is valid from ${leaf.validFrom}, and this device’s clock says ${now.toISOString()}`,
    );
    throw new CloudError('CERT-NOT-YET-VALID', `use ${path}`, { cause });
  }
}

function commonName(leaf: X509Certificate, path: string): string {
  // Not from `subject`, which is undefined for a certificate without one, and joins and escapes what it holds.
  const name: unknown = leaf.toLegacyObject().subject.CN;
  if (isText(name)) return name;
  const cause = new Error('the certificate does not have one common name to take the registration ID from');
  throw new CloudError('CERT-UNUSABLE', `use ${path}`, { cause });
}
