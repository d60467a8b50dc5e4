import { X509Certificate } from 'node:crypto';
import { lstat, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Credential } from '../certificates/certificate.ts';
import type { TestAuthority } from '../certificates/test-authority.ts';
import { thumbprintsOf } from '../certificates/thumbprint.ts';
import { writeFileAtomically } from '../lib/atomic-file.ts';
import { CommandError } from './usage.ts';

/** A file to be: its path within the folder, and who may read it. */
export interface NewFile {
  readonly path: string;
  readonly content: string;
  readonly mode: number;
}

const forAll = 0o644;
const forOwner = 0o600;
const mark = '# For testing only: made by dps-agent certificates create. Not for production.\n';

export const authorityFile = 'ca.pem';
export const groupFile = 'enrollment-group.json';

/** The files of an authority: certificates, keys and the body of its enrollment group at the simulator. */
export function authorityFiles({ root, intermediates }: TestAuthority): NewFile[] {
  const attestation = {
    type: 'x509',
    x509: { signingCertificates: { primary: { certificate: root.certificatePem } } },
  };
  return [
    ...pair('ca.pem', 'ca.key.pem', root),
    ...intermediates.flatMap((each, index) => pair(...intermediateNames(index + 1), each)),
    json(groupFile, { attestation }),
  ];
}

export function deviceFiles(id: string, device: Credential, isSelfSigned: boolean): NewFile[] {
  const folder = deviceFolder(id);
  const { certificate, privateKey } = devicePair(id);
  const { sha1, sha256 } = thumbprintsOf(device.certificatePem);
  const thumbprints = `SHA-1    ${sha1}\nSHA-256  ${sha256}\n`;
  const clientCertificates = { primary: { certificate: device.certificatePem } };
  const enrollment = { attestation: { type: 'x509', x509: { clientCertificates } } };
  return [
    ...pair(certificate, privateKey, device),
    { path: join(folder, 'thumbprints.txt'), content: thumbprints, mode: forAll },
    ...(isSelfSigned ? [json(join(folder, 'enrollment.json'), enrollment)] : []),
  ];
}

/** The paths of its certificate and its private key. */
export function devicePair(id: string): { readonly certificate: string; readonly privateKey: string } {
  return { certificate: join(deviceFolder(id), 'cert.pem'), privateKey: join(deviceFolder(id), 'key.pem') };
}

/** IDs hold no slash, and none ends in a full stop. */
export function deviceFolder(id: string): string {
  return join('devices', id);
}

export function certificateFile(path: string, content: string): NewFile {
  return { path, content: mark + content, mode: forAll };
}

export function textFile(path: string, content: string): NewFile {
  return { path, content, mode: forAll };
}

/** Writes all of them, or none when one is there already. Throws a CommandError. */
export async function writeNewFiles(directory: string, files: readonly NewFile[]): Promise<void> {
  for (const { path } of files) {
    const full = join(directory, path);
    if (await exists(full))
      throw new CommandError(`cannot write ${full}: it is there already, and nothing is overwritten`);
  }
  for (const { path, content, mode } of files) {
    try {
      await writeFileAtomically(join(directory, path), content, mode);
    } catch (cause) {
      throw new CommandError(`cannot write ${join(directory, path)}`, { cause });
    }
  }
}

/** The authority of a folder that `authorityFiles` were written to. Throws a CommandError. */
export async function readAuthority(directory: string): Promise<TestAuthority> {
  const root = await readPair(directory, 'ca.pem', 'ca.key.pem');
  const intermediates: Credential[] = [];
  for (let number = 1; await exists(join(directory, intermediateNames(number)[0])); number += 1) {
    intermediates.push(await readPair(directory, ...intermediateNames(number)));
  }
  return { root, intermediates };
}

/** When the first of an authority's certificates expires. */
export function validUntil({ root, intermediates }: TestAuthority): Date {
  const ends = [root, ...intermediates].map(({ certificatePem }) =>
    Date.parse(new X509Certificate(certificatePem).validTo),
  );
  return new Date(Math.min(...ends));
}

function intermediateNames(number: number): [certificate: string, key: string] {
  return [`intermediate-${number}.pem`, `intermediate-${number}.key.pem`];
}

function pair(certificate: string, key: string, { certificatePem, privateKeyPem }: Credential): NewFile[] {
  return [
    certificateFile(certificate, certificatePem),
    { path: key, content: mark + privateKeyPem, mode: forOwner },
  ];
}

function json(path: string, content: object): NewFile {
  return { path, content: `${JSON.stringify(content, undefined, 2)}\n`, mode: forAll };
}

async function readPair(directory: string, certificate: string, key: string): Promise<Credential> {
  const read = async (name: string): Promise<string> => {
    try {
      return (await readFile(join(directory, name), 'utf8')).replace(/^#.*\n/gm, '');
    } catch (cause) {
      throw new CommandError(`cannot use the authority in ${directory}`, { cause });
    }
  };
  const found = { certificatePem: await read(certificate), privateKeyPem: await read(key) };
  try {
    new X509Certificate(found.certificatePem);
  } catch (cause) {
    throw new CommandError(`cannot use ${join(directory, certificate)}`, { cause });
  }
  return found;
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR'))
      return false;
    throw error;
  }
}
