import { readFile } from 'node:fs/promises';
import { CloudError } from '../cloud-error.ts';
import type { EstSettings } from '../config/est-schema.ts';
import { Secret } from '../lib/secret.ts';
import type { ClientCertificate } from './est-client.ts';

/** The bootstrap certificate and key, read anew for each enrollment. Rejects with a CloudError (`CERT-UNUSABLE`). */
export async function readBootstrap(files: EstSettings['bootstrap']): Promise<ClientCertificate | undefined> {
  if (files === undefined) return undefined;
  const certificate = await readPem(files.certificate);
  return { certificate, privateKey: new Secret(await readPem(files.privateKey)) };
}

/** The certificates of the authorities to trust; `undefined` when no files are named. */
export async function readTrusted(paths: readonly string[]): Promise<readonly string[] | undefined> {
  return paths.length === 0 ? undefined : Promise.all(paths.map(readPem));
}

async function readPem(path: string): Promise<string> {
  try {
    const text = await readFile(path, 'utf8');
    if (!text.includes('-----BEGIN ')) throw new Error('it is not PEM');
    return text;
  } catch (cause) {
    throw new CloudError('CERT-UNUSABLE', `use ${path} for EST`, { cause });
  }
}
