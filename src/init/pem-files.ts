import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { CloudError } from '../cloud-error.ts';
import type { Parsed } from '../config/found.ts';
import type { Clock } from '../lib/clock.ts';
import { describeError } from '../lib/errors.ts';
import { isEncrypted, loadX509 } from '../provisioning/identity-pair.ts';
import type { Wanted } from '../provisioning/identity-pair.ts';
import { Secrets } from '../provisioning/secrets.ts';
import type { CertificateFiles } from './setup.ts';

/** Reads the path of a PEM file with certificates in it; gives the absolute path. */
export async function certificatePath(text: string): Promise<Parsed<string>> {
  return pemPath(text, 'a certificate', (pem) => {
    new X509Certificate(pem);
  });
}

/** Reads the path of a PEM file with a private key in it; gives the absolute path. */
export async function privateKeyPath(text: string): Promise<Parsed<string>> {
  return pemPath(text, 'a private key', (pem) => {
    if (!pem.includes('PRIVATE KEY-----')) throw new Error('it holds no private key in PEM');
  });
}

export async function hasPassphrase(path: string): Promise<boolean> {
  return isEncrypted(await readFile(path, 'utf8'));
}

/** Why certificate and key cannot work together, now, under this name; `undefined` when they can. */
export async function pairProblem(
  files: CertificateFiles,
  wanted: Wanted,
  clock: Clock,
): Promise<string | undefined> {
  const { certificate, privateKey, passphrase: value } = files;
  const passphrase = value === undefined ? {} : { passphrase: { kind: 'plain', value } as const };
  const secrets = new Secrets({ env: {}, credentialsDirectory: undefined });
  try {
    await loadX509({ kind: 'files', certificate, privateKey, ...passphrase }, wanted, secrets, clock);
    return undefined;
  } catch (error) {
    if (error instanceof CloudError) return describeError(error);
    throw error;
  }
}

async function pemPath(text: string, what: string, look: (pem: string) => void): Promise<Parsed<string>> {
  if (text === '') return { problem: `expected the path of ${what}, found nothing` };
  const path = resolve(text.replace(/^file:\/\//, ''));
  try {
    look(await readFile(path, 'utf8'));
    return { value: path };
  } catch (error) {
    return { problem: `expected the path of ${what} in PEM, found ${path}: ${describeError(error)}` };
  }
}
