import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import type { Socket } from 'node:net';
import { connect, rootCertificates } from 'node:tls';
import type { DetailedPeerCertificate, TLSSocket } from 'node:tls';
import type { TlsReport } from '../checks/network-probe.ts';
import { whenReady } from './socket-ready.ts';

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

/**
 * The same of a server whose certificate was refused: to say who signed it, the handshake is made once more, and ended
 * before anything is sent. Rejects with what went wrong, or with the signal's reason; the socket is destroyed.
 */
export async function shownBy(raw: Socket, host: string, signal: AbortSignal): Promise<TlsReport> {
  const servername = isIP(host) === 0 ? { servername: host } : {};
  // Refused it is already, and stays so: this only looks at what is shown. No certificate of the device's own goes along.
  const secured = connect({ socket: raw, host, ...servername, rejectUnauthorized: false });
  const socket = await whenReady(secured, 'secureConnect', signal);
  const report = reportOf(socket);
  socket.destroy();
  return report;
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
