import type { webcrypto } from 'node:crypto';
import '../../src/certificates/reflect-metadata.ts';
import * as x509 from '@peculiar/x509';
import type { Credential, Validity } from '../../src/certificates/certificate.ts';
import { generateKeyPair } from '../../src/certificates/key-pair.ts';

/** One relative name each: an object of several attributes makes one of several values. */
type Subject = readonly Readonly<Record<string, readonly string[]>>[];

/** A certificate that signs itself, with a subject that no certificate of ours would have. */
export async function certificateWithSubject(subject: Subject, validity: Validity): Promise<Credential> {
  const keys = await generateKeyPair();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: subject.map((part) =>
      Object.fromEntries(Object.entries(part).map(([type, values]) => [type, [...values]])),
    ),
    ...validity,
    keys: keys as webcrypto.CryptoKeyPair,
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
  });
  return { certificatePem: `${certificate.toString('pem')}\n`, privateKeyPem: keys.privateKeyPem };
}
