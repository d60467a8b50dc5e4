import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Credential, Validity } from '../../src/certificates/certificate.ts';
import type { Scratch } from './scratch.ts';
import { keepSecret } from './test-logs.ts';

const hour = 3_600_000;

/** From an hour ago for a day. */
export function validNow(): Validity {
  const now = Date.now();
  return { notBefore: new Date(now - hour), notAfter: new Date(now + 24 * hour) };
}

export function expiredNow(): Validity {
  const now = Date.now();
  return { notBefore: new Date(now - 24 * hour), notAfter: new Date(now - hour) };
}

export interface CertificateFiles {
  readonly certificate: string;
  readonly privateKey: string;
}

/** Writes a certificate with its chain, and its key, into a folder of their own. */
export async function certificateFiles(
  scratch: Scratch,
  credential: Credential,
  chain: readonly Credential[] = [],
): Promise<CertificateFiles> {
  const folder = await scratch.folder();
  const files = { certificate: join(folder, 'cert.pem'), privateKey: join(folder, 'key.pem') };
  await replaceFiles(files, credential, chain);
  return files;
}

export async function replaceFiles(
  files: CertificateFiles,
  credential: Credential,
  chain: readonly Credential[] = [],
): Promise<void> {
  keepSecret(credential.privateKeyPem.split('\n')[1] ?? '');
  await writeFile(files.privateKey, credential.privateKeyPem, { mode: 0o600 });
  await writeFile(
    files.certificate,
    [credential, ...chain].map(({ certificatePem }) => certificatePem).join('\n'),
  );
}

/** The lines of `attestation:` that name them. */
export function attestationBy({ certificate, privateKey }: CertificateFiles): Record<string, string> {
  return { method: 'x509', identity_cert: `file://${certificate}`, identity_pk: `file://${privateKey}` };
}
