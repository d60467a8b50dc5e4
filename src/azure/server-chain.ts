import { X509Certificate } from 'node:crypto';
import { rootCertificates } from 'node:tls';
import type { DetailedPeerCertificate, TLSSocket } from 'node:tls';
import type { TlsReport } from '../checks/network-probe.ts';

/** No chain has more certificates; a server may send whatever it likes. */
const longestChain = 10;

/** Who vouches for the server of a connection. */
export function reportOf(socket: TLSSocket): TlsReport {
  const chain = chainOf(socket.getPeerCertificate(true));
  const top = chain.at(-1);
  return {
    protocol: socket.getProtocol() ?? 'TLS',
    chain: [...chain.map(({ subject }) => nameOf(subject)), ...authorOf(top)],
    isPublic: top !== undefined && isPublicRoot(top),
  };
}

/** A certificate as Node tells it: of one that was not shown nothing is there, whatever the types say. */
interface Shown {
  readonly fingerprint256?: string;
  readonly subject: Names;
  readonly issuer: Names;
  readonly issuerCertificate?: Shown;
}

type Names = Readonly<Partial<DetailedPeerCertificate['subject']>>;

/** A root is its own issuer. */
function chainOf(leaf: Shown): Shown[] {
  const chain: Shown[] = [];
  let next: Shown | undefined = leaf;
  while (next?.fingerprint256 !== undefined && chain.length < longestChain) {
    const { fingerprint256 }: Shown = next;
    if (chain.some((known) => known.fingerprint256 === fingerprint256)) break;
    chain.push(next);
    next = next.issuerCertificate;
  }
  return chain;
}

/** Whoever has signed the last certificate that is known, where that is another one. */
function authorOf(top: Shown | undefined): string[] {
  if (top === undefined) return [];
  const author = nameOf(top.issuer);
  return author === nameOf(top.subject) ? [] : [author];
}

function nameOf({ CN, O, OU }: Names): string {
  return [CN ?? O ?? OU ?? 'nobody'].flat().join(' ');
}

function isPublicRoot({ fingerprint256 }: Shown): boolean {
  return rootCertificates.some((pem) => new X509Certificate(pem).fingerprint256 === fingerprint256);
}
