import './reflect-metadata.ts';
import * as x509 from '@peculiar/x509';
import type { KeyPair } from './key-pair.ts';

export interface SigningRequest {
  readonly commonName: string;
  readonly keys: KeyPair;
  /** PEM of the certificate to be renewed: its subject and alternative names are asked for again (RFC 7030, 4.2.2). */
  readonly renewing?: string | undefined;
}

/** A PKCS#10 request (DER), signed with the key that the certificate is to be for. */
export async function createCertificateRequest(request: SigningRequest): Promise<Buffer> {
  const { privateKey, publicKey } = request.keys;
  const { name, extensions } = wanted(request);
  const csr = await x509.Pkcs10CertificateRequestGenerator.create({
    name,
    extensions,
    keys: { privateKey, publicKey },
    signingAlgorithm: { name: privateKey.algorithm.name, hash: 'SHA-256' },
  });
  return Buffer.from(csr.rawData);
}

function wanted({ commonName, renewing }: SigningRequest): {
  readonly name: x509.JsonName;
  readonly extensions: x509.Extension[];
} {
  const usages = [
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
    new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth]),
  ];
  if (renewing === undefined) return { name: [{ CN: [commonName] }], extensions: usages };
  const certificate = new x509.X509Certificate(renewing);
  const alternatives = certificate.getExtension(x509.SubjectAlternativeNameExtension);
  return {
    name: certificate.subjectName.toJSON(),
    extensions: alternatives === null ? usages : [...usages, alternatives],
  };
}
