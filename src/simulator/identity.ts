import { createPrivateKey, X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { createAuthority, createServerCertificate } from '../certificates/certificate.ts';
import type { Credential, Validity } from '../certificates/certificate.ts';
import { readFileIfPresent, setAside, writeFileAtomically } from '../lib/atomic-file.ts';
import { describeError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';

export interface ServerIdentity {
  readonly caFile: string;
  readonly ca: Credential;
  readonly server: Credential;
}

const dayMs = 24 * 3600 * 1000;
const caDays = 3650;
const serverDays = 365;
/** A server certificate with less than this left, or a CA that would end before it, is made anew at start. */
const renewDays = 30;
/** Certificates begin a day early, for devices whose clock is behind. */
const backdateDays = 1;

/**
 * The simulator's CA and server certificate, made at the first start and kept in the data directory. A server
 * certificate that misses a name, or a file that is damaged, is replaced; the CA stays as long as it can be used.
 */
export async function loadIdentity(
  dataDirectory: string,
  names: readonly string[],
  now: Date,
  log: Log,
): Promise<ServerIdentity> {
  const caFile = join(dataDirectory, 'ca.pem');
  const ca = await loadOrCreate(caFile, join(dataDirectory, 'ca-key.pem'), log, {
    usable: (certificate) => lastsFor(certificate, now, serverDays),
    create: () =>
      createAuthority({
        commonName: 'dps-agent-simulator CA',
        validity: validity(now, caDays),
        pathLength: 0,
      }),
  });
  const issuer = new X509Certificate(ca.certificatePem);
  const server = await loadOrCreate(
    join(dataDirectory, 'server.pem'),
    join(dataDirectory, 'server-key.pem'),
    log,
    {
      usable: (certificate) =>
        certificate.verify(issuer.publicKey) &&
        lastsFor(certificate, now, renewDays) &&
        names.every(
          (name) => certificate.checkHost(name) !== undefined || certificate.checkIP(name) !== undefined,
        ),
      create: () =>
        createServerCertificate({
          commonName: 'localhost',
          names,
          validity: validity(now, serverDays),
          issuer: ca,
        }),
    },
  );
  return { caFile, ca, server };
}

interface Recipe {
  readonly usable: (certificate: X509Certificate) => boolean;
  readonly create: () => Promise<Credential>;
}

async function loadOrCreate(
  certificateFile: string,
  keyFile: string,
  log: Log,
  { usable, create }: Recipe,
): Promise<Credential> {
  const [certificatePem, privateKeyPem] = await Promise.all([
    readFileIfPresent(certificateFile),
    readFileIfPresent(keyFile),
  ]);
  if (certificatePem !== undefined && privateKeyPem !== undefined) {
    try {
      const certificate = new X509Certificate(certificatePem);
      if (!certificate.checkPrivateKey(createPrivateKey(privateKeyPem)))
        throw new Error('key and certificate differ');
      if (usable(certificate)) return { certificatePem, privateKeyPem };
    } catch (error) {
      const aside = await Promise.all([setAside(certificateFile), setAside(keyFile)]);
      const reason = describeError(error);
      log.warn(
        { reason, aside },
        `cannot use ${certificateFile}: set aside as ${aside.join(' and ')}, a new one is made`,
      );
    }
  }
  const credential = await create();
  await writeFileAtomically(keyFile, credential.privateKeyPem);
  await writeFileAtomically(certificateFile, credential.certificatePem, 0o644);
  return credential;
}

function lastsFor(certificate: X509Certificate, now: Date, days: number): boolean {
  return (
    new Date(certificate.validFrom) <= now &&
    new Date(certificate.validTo).getTime() > now.getTime() + days * dayMs
  );
}

function validity(now: Date, days: number): Validity {
  return {
    notBefore: new Date(now.getTime() - backdateDays * dayMs),
    notAfter: new Date(now.getTime() + days * dayMs),
  };
}
