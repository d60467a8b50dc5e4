import { X509Certificate, createPrivateKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { CloudError } from '../cloud-error.ts';
import type { IdentityFiles } from '../config/identity-files.ts';
import type { Clock } from '../lib/clock.ts';
import { isText } from '../lib/json.ts';
import { Secret } from '../lib/secret.ts';
import { isRegistrationId } from '../registration-id.ts';
import type { Secrets } from './secrets.ts';

/** A certificate and its private key, checked against each other. */
export interface IdentityPair {
  readonly registrationId: string;
  /** PEM: the leaf first, then whatever intermediates the file holds. */
  readonly certificate: string;
  /** PEM, not encrypted. */
  readonly privateKey: Secret;
}

/** Whose certificate it has to be: with DPS the common name is the registration ID (protocol.md 2.3), at a hub any is. */
export type Wanted = { readonly registrationId?: string | undefined } | { readonly deviceId: string };

/**
 * Reads both files and checks that they can work: the certificate against the key, its name, its validity by the clock.
 * Rejects with a CloudError (`CERT-…`, or `SECRET-UNREADABLE` for the passphrase).
 */
export async function loadX509(
  files: IdentityFiles,
  wanted: Wanted,
  secrets: Pick<Secrets, 'read'>,
  clock: Clock,
): Promise<IdentityPair> {
  const { certificate: path, privateKey: keyPath, passphrase } = files;
  const [certificate, keyText, secret] = await Promise.all([
    readPem(path),
    readPem(keyPath),
    passphrase === undefined ? undefined : secrets.read(passphrase),
  ]);
  const leaf = attempt(path, () => parseCertificate(certificate));
  const key = attempt(keyPath, () => parsePrivateKey(keyText, secret));
  checkPair(leaf, key, certificate, files);
  checkValidity(leaf, path, clock.now());
  const registrationId = 'deviceId' in wanted ? wanted.deviceId : nameFor(leaf, path, wanted.registrationId);
  return { registrationId, certificate: withoutKeys(certificate), privateKey: decrypted(keyText, key) };
}

async function readPem(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new CloudError('CERT-UNUSABLE', `read ${path}`, { cause });
  }
}

function attempt<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new CloudError('CERT-UNUSABLE', `use ${path}`, { cause });
  }
}

const certificateMark = /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----/;
const privateKeyMark = /-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----/;

/** The first in the text. */
function parseCertificate(pem: string): X509Certificate {
  // OpenSSL would only say that there is no start line.
  if (!certificateMark.test(pem)) throw new Error(missing('certificate', privateKeyMark.test(pem)));
  return new X509Certificate(pem);
}

function missing(what: 'certificate' | 'private key', isOther: boolean): string {
  const other = what === 'certificate' ? 'private key' : 'certificate';
  return isOther
    ? `it holds a ${other} and no ${what}: are the two files the wrong way round?`
    : `it holds no ${what} in PEM, which begins with -----BEGIN ${what.toUpperCase()}-----`;
}

function parsePrivateKey(pem: string, passphrase: Secret | undefined): KeyObject {
  if (!privateKeyMark.test(pem)) throw new Error(missing('private key', certificateMark.test(pem)));
  if (!isEncrypted(pem)) return createPrivateKey(pem);
  // OpenSSL would only say that it was interrupted.
  if (passphrase === undefined) {
    throw new Error(
      'the key is encrypted, and there is no passphrase to decrypt it with: set identity_pk_passphrase',
    );
  }
  try {
    return createPrivateKey({ key: pem, passphrase: passphrase.reveal() });
  } catch (cause) {
    throw new Error('the key is encrypted, and cannot be decrypted with the passphrase given', { cause });
  }
}

export function isEncrypted(pem: string): boolean {
  return /^(-----BEGIN ENCRYPTED|Proc-Type: 4,ENCRYPTED)/m.test(pem);
}

function decrypted(pem: string, key: KeyObject): Secret {
  return new Secret(isEncrypted(pem) ? String(key.export({ type: 'pkcs8', format: 'pem' })) : pem);
}

/** Some keep certificate and key in one file; the certificate is no secret, and what is with it must be none either. */
function withoutKeys(pem: string): string {
  return pem.replaceAll(/-----BEGIN ([A-Z ]*PRIVATE KEY)-----[^]*?-----END \1-----\r?\n?/g, '');
}

function checkPair(leaf: X509Certificate, key: KeyObject, pem: string, files: IdentityFiles): void {
  if (leaf.checkPrivateKey(key)) return;
  const at = certificatesIn(pem).findIndex((each) => each.checkPrivateKey(key));
  if (at > 0) {
    const found = `${files.privateKey} is the private key of certificate ${at + 1} in ${files.certificate}`;
    throw unfit(files.certificate, `${found}: the device’s own has to be the first there`);
  }
  throw unfit(files.certificate, `${files.privateKey} is not the private key of ${files.certificate}`);
}

/** What can be read of them. */
function certificatesIn(pem: string): X509Certificate[] {
  const pieces = pem.match(/-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----/g) ?? [];
  return pieces.flatMap((piece) => {
    try {
      return [new X509Certificate(piece)];
    } catch {
      return [];
    }
  });
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

/** The registration ID as configured, or else the common name; DPS takes no other, but does not mind the case. */
function nameFor(leaf: X509Certificate, path: string, configured: string | undefined): string {
  const name = commonName(leaf);
  if (name === undefined) {
    throw unfit(path, 'it does not have one common name, which DPS takes for the registration ID');
  }
  if (configured === undefined && !isRegistrationId(name)) {
    const rule = 'which has letters, digits and - . _ : only';
    throw unfit(path, `its common name ${JSON.stringify(name)} cannot be a registration ID, ${rule}`);
  }
  if (configured !== undefined && configured.toLowerCase() !== name.toLowerCase()) {
    const both = `its common name is ${JSON.stringify(name)} and the registration ID ${configured}`;
    throw unfit(path, `${both}, and with DPS they are one`);
  }
  return configured ?? name;
}

function unfit(path: string, why: string): CloudError {
  return new CloudError('CERT-UNUSABLE', `use ${path}`, { cause: new Error(why) });
}

function commonName(leaf: X509Certificate): string | undefined {
  // Not from `subject`, which is undefined for a certificate without one, and joins and escapes what it holds.
  const name: unknown = leaf.toLegacyObject().subject.CN;
  return isText(name) ? name : undefined;
}
