import './reflect-metadata.ts';
import * as x509 from '@peculiar/x509';

/**
 * The certificates (PEM) in a PKCS#7 "certs-only" message, in the order in which they stand there. Throws when the bytes
 * are no such message.
 */
export function readCertsOnly(der: Uint8Array): string[] {
  const certificates = new x509.X509Certificates();
  certificates.import(Uint8Array.from(der));
  return [...certificates].map((certificate) => `${certificate.toString('pem')}\n`);
}
