import { join, resolve } from 'node:path';
import { createDeviceCertificate } from '../certificates/certificate.ts';
import { SystemClock } from '../lib/clock.ts';
import { authorityFile, certificateFile, readAuthority, writeNewFiles } from './certificate-folder.ts';
import { jsonDocument } from './output-option.ts';
import type { Output } from './output-option.ts';
import { print } from './print.ts';
import { exitCodes } from './usage.ts';

const validMs = 30 * 86_400_000;

/** Writes the proof of possession that DPS asks for (protocol.md 2.3). */
export async function verifyAuthority(folder: string, code: string, output: Output): Promise<number> {
  const directory = resolve(folder);
  const { root } = await readAuthority(directory);
  const now = new SystemClock().now();
  const validity = { notBefore: now, notAfter: new Date(now.getTime() + validMs) };
  const { certificatePem } = await createDeviceCertificate({ commonName: code, validity, issuer: root });
  const path = `verification-${code}.pem`;
  await writeNewFiles(directory, [certificateFile(path, certificatePem)]);
  const [file, authority] = [join(directory, path), join(directory, authorityFile)];
  await print(
    output === 'json'
      ? jsonDocument({ file, authority })
      : `${file}\n\nUpload it to DPS as the verification certificate of ${authority}.\n`,
  );
  return exitCodes.success;
}
