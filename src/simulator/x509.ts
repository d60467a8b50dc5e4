import { X509Certificate } from 'node:crypto';
import { normaliseThumbprint, thumbprintsOf } from '../certificates/thumbprint.ts';

/** What a device presented in its TLS handshake: its own certificate first, then those it sent with it. */
export type PresentedChain = readonly [leaf: X509Certificate, ...others: X509Certificate[]];

/** How far up from a leaf a chain is followed; a longer one is no chain anybody means. */
const maxChainLength = 10;

/** Reads a certificate as people store it: PEM, or base64 DER. Throws when it is neither. */
export function readCertificate(text: string): X509Certificate {
  return new X509Certificate(text.includes('-----BEGIN') ? text : Buffer.from(text, 'base64'));
}

/** The subject's common name; `undefined` when there is none or several. */
export function commonNameOf(certificate: X509Certificate): string | undefined {
  const name: unknown = certificate.toLegacyObject().subject.CN;
  return typeof name === 'string' ? name : undefined;
}

export function isValidAt(certificate: X509Certificate, now: Date): boolean {
  return new Date(certificate.validFrom) <= now && now <= new Date(certificate.validTo);
}

/** Whether a thumbprint, SHA-1 or SHA-256 in any spelling, is this certificate's. */
export function hasThumbprint(certificate: X509Certificate, thumbprint: string): boolean {
  const { sha1, sha256 } = thumbprintsOf(certificate.raw);
  return [sha1, sha256].includes(normaliseThumbprint(thumbprint));
}

/**
 * Whether the leaf stands under `authority`, link by link: each signature, each period of validity, and each issuer
 * a CA. The device need not send the authority itself, but every certificate between (protocol.md 2.3).
 */
export function isIssuedUnder(chain: PresentedChain, authority: X509Certificate, now: Date): boolean {
  return linksTo(authority, chain, now) !== undefined;
}

/** How many signatures lie between the leaf and `authority`; `undefined`: it does not stand under it. */
export function linksTo(authority: X509Certificate, chain: PresentedChain, now: Date): number | undefined {
  const isAuthority = (certificate: X509Certificate): boolean => certificate.raw.equals(authority.raw);
  let current = chain[0];
  for (let length = 1; length <= maxChainLength && isValidAt(current, now); length += 1) {
    if (length > 1 && isAuthority(current)) return length - 1;
    if (signed(authority, current)) return isValidAt(authority, now) ? length : undefined;
    const subject = current;
    const issuer = chain.find((other) => other !== subject && signed(other, subject));
    if (issuer === undefined) return undefined;
    current = issuer;
  }
  return undefined;
}

function signed(issuer: X509Certificate, subject: X509Certificate): boolean {
  return issuer.ca && subject.checkIssued(issuer) && subject.verify(issuer.publicKey);
}
