import { X509Certificate } from 'node:crypto';
import type { DetailedPeerCertificate, TLSSocket } from 'node:tls';
import type { PresentedChain } from './x509.ts';

/** What the client showed in the handshake, from its leaf upwards; each certificate once. */
export function presentedChain(socket: TLSSocket): PresentedChain | undefined {
  const ders: Buffer[] = [];
  let next: Partial<DetailedPeerCertificate> | undefined = socket.getPeerCertificate(true);
  while (next?.raw !== undefined && !ders.some((der) => der.equals(next?.raw ?? der))) {
    ders.push(next.raw);
    next = next.issuerCertificate;
  }
  const [leaf, ...others] = ders.map((der) => new X509Certificate(der));
  return leaf === undefined ? undefined : [leaf, ...others];
}
