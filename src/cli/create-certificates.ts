import { join, resolve } from 'node:path';
import type { Validity } from '../certificates/certificate.ts';
import { createTestAuthority, createTestDevice } from '../certificates/test-authority.ts';
import type { TestAuthority } from '../certificates/test-authority.ts';
import { SystemClock } from '../lib/clock.ts';
import type { CertificateSource } from './certificates-create.ts';
import {
  authorityFiles,
  deviceFiles,
  devicePair,
  readAuthority,
  textFile,
  validUntil,
  writeNewFiles,
} from './certificate-folder.ts';
import type { NewFile } from './certificate-folder.ts';
import { folderReadme, nextSteps } from './certificate-steps.ts';
import { jsonDocument } from './output-option.ts';
import type { Output } from './output-option.ts';
import { print } from './print.ts';
import { CommandError, exitCodes } from './usage.ts';

export type CertificatesRequest = CertificateSource & {
  readonly devices: readonly string[];
  readonly days: number;
};

const dayMs = 86_400_000;
const authorityDays = 3650;

/** For devices whose clock is behind, in milliseconds. */
const earlierMs = 3_600_000;

/** Makes everything first and writes it then, so that a refusal leaves nothing half done. */
export async function createCertificates(request: CertificatesRequest, output: Output): Promise<number> {
  const now = new SystemClock().now();
  const directory = resolve(request.directory);
  const authority = await authorityFor({ ...request, directory }, now);
  const validity = validFor(request.days, now);
  if (authority !== undefined) checkEnd(authority, validity);

  const isSelfSigned = authority === undefined;
  const files: NewFile[] = request.kind === 'new' && authority !== undefined ? authorityFiles(authority) : [];
  if (request.kind !== 'existing') files.push(textFile('README.md', folderReadme(isSelfSigned)));
  for (const id of request.devices) {
    files.push(...deviceFiles(id, await createTestDevice(id, validity, authority), isSelfSigned));
  }
  await writeNewFiles(directory, files);

  const paths = files.map(({ path }) => join(directory, path));
  await print(
    output === 'json'
      ? jsonDocument(createdReport(directory, paths, request.devices))
      : `${paths.join('\n')}\n\n${nextSteps(directory, request.devices, isSelfSigned)}`,
  );
  return exitCodes.success;
}

/** For programs: where everything is, never what is in a key. */
export interface CreatedReport {
  readonly files: readonly string[];
  readonly devices: readonly {
    readonly id: string;
    readonly certificate: string;
    readonly privateKey: string;
  }[];
}

function createdReport(directory: string, files: readonly string[], ids: readonly string[]): CreatedReport {
  const devices = ids.map((id) => {
    const { certificate, privateKey } = devicePair(id);
    return { id, certificate: join(directory, certificate), privateKey: join(directory, privateKey) };
  });
  return { files, devices };
}

async function authorityFor(request: CertificatesRequest, now: Date): Promise<TestAuthority | undefined> {
  switch (request.kind) {
    case 'self-signed':
      return undefined;
    case 'existing':
      return readAuthority(request.directory);
    case 'new': {
      const { name, intermediates, days } = request;
      return createTestAuthority({
        name,
        intermediates,
        validity: validFor(Math.max(days, authorityDays), now),
      });
    }
  }
}

function validFor(days: number, now: Date): Validity {
  return {
    notBefore: new Date(now.getTime() - earlierMs),
    notAfter: new Date(now.getTime() + days * dayMs),
  };
}

/** A certificate that outlives its issuer ends with it, whatever it says. Certificates have no milliseconds. */
function checkEnd(authority: TestAuthority, { notAfter }: Validity): void {
  const end = validUntil(authority);
  if (notAfter.getTime() - end.getTime() < 1000) return;
  throw new CommandError(
    `cannot make certificates that are valid until ${notAfter.toISOString()}: the authority's own end ` +
      `${end.toISOString()}; give fewer --days`,
  );
}
