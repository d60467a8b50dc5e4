import { X509Certificate, createPrivateKey } from 'node:crypto';
import { CloudError } from '../cloud-error.ts';
import { readCertsOnly } from '../certificates/certs-only.ts';
import { readLeaf } from './leaf.ts';
import type { Leaf } from './leaf.ts';
import { isValid } from './policy.ts';

export interface Expected {
  readonly commonName: string;
  /** PEM of the key that the certificate was asked for. */
  readonly privateKey: string;
  readonly now: Date;
  /** What was being done, for the error. */
  readonly doing: string;
}

/** The certificates in a PKCS#7 answer, PEM. Throws a CloudError (`EST-ANSWER`) when it cannot be read or is empty. */
export function certificatesIn(answer: Buffer, doing: string): readonly string[] {
  try {
    const certificates = readCertsOnly(answer);
    if (certificates.length === 0) throw new Error('it holds no certificate');
    return certificates;
  } catch (cause) {
    throw new CloudError('EST-ANSWER', doing, { cause });
  }
}

/**
 * The device's certificate out of what the server issued, as PEM: the leaf, then the intermediates that lead to an
 * authority's own certificate, which is left out. Throws a CloudError (`EST-ANSWER`) unless it is for the key and name
 * asked for, valid now, and signed by an authority the server has named.
 *
 * @param issued PEM certificates of the answer, in any order
 * @param authorities PEM certificates of `cacerts`
 */
export function chooseCertificate(
  issued: readonly string[],
  authorities: readonly string[],
  expected: Expected,
): string {
  try {
    const leaf = leafFor(issued, expected.privateKey);
    check(leaf, expected);
    const above = [...issued, ...authorities].map((pem) => new X509Certificate(pem));
    const chain = chainOf(leaf.certificate, above);
    return chain.map((certificate) => certificate.toString()).join('');
  } catch (cause) {
    throw new CloudError('EST-ANSWER', expected.doing, { cause });
  }
}

function leafFor(issued: readonly string[], privateKey: string): Leaf {
  const key = createPrivateKey(privateKey);
  const leaf = issued.map(readLeaf).find(({ certificate }) => certificate.checkPrivateKey(key));
  if (leaf === undefined) throw new Error('no certificate in it is for the key that was asked for');
  return leaf;
}

function check(leaf: Leaf, { commonName, now }: Expected): void {
  const { certificate } = leaf;
  if (leaf.commonName !== commonName)
    throw new Error(
      `the certificate is for ${leaf.commonName ?? 'no single name'} and not for ${commonName}`,
    );
  if (!isValid(leaf, now)) {
    const { validFrom, validTo } = certificate;
    throw new Error(
      `the certificate is valid from ${validFrom} until ${validTo}, and this device’s clock says ${now.toISOString()}`,
    );
  }
}

/** From the leaf up, without the root. */
function chainOf(leaf: X509Certificate, above: readonly X509Certificate[]): X509Certificate[] {
  const chain = [leaf];
  for (let last = leaf; ;) {
    const issuer = above.find(
      (one) =>
        !chain.some(({ raw }) => raw.equals(one.raw)) && last.checkIssued(one) && last.verify(one.publicKey),
    );
    if (issuer === undefined) break;
    if (issuer.checkIssued(issuer)) return chain;
    chain.push(issuer);
    last = issuer;
  }
  if (chain.length === 1)
    throw new Error('the certificate is not signed by any authority that the server has named');
  return chain;
}
