import { X509Certificate } from 'node:crypto';
import { isText } from '../lib/json.ts';
import type { Lifetime } from './policy.ts';

/** What renewal needs to know of a certificate, read once. */
export interface Leaf extends Lifetime {
  /** `undefined` unless there is exactly one. */
  readonly commonName: string | undefined;
  /** SHA-256, upper-case hexadecimal with colons: tells certificates apart in the log. */
  readonly thumbprint: string;
  readonly certificate: X509Certificate;
}

/** Reads the first certificate of a PEM text; throws when it holds none. */
export function readLeaf(pem: string): Leaf {
  const certificate = new X509Certificate(pem);
  const name: unknown = certificate.toLegacyObject().subject.CN;
  return {
    commonName: isText(name) ? name : undefined,
    thumbprint: certificate.fingerprint256,
    notBefore: new Date(certificate.validFrom),
    notAfter: new Date(certificate.validTo),
    certificate,
  };
}
