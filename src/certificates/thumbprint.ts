import { X509Certificate, createHash } from 'node:crypto';

export interface Thumbprints {
  /** 40 upper-case hex digits. */
  readonly sha1: string;
  /** 64 upper-case hex digits. */
  readonly sha256: string;
}

/** Both thumbprints of a certificate (PEM or DER), written as IoT Hub writes them. */
export function thumbprintsOf(certificate: string | Uint8Array): Thumbprints {
  const der = new X509Certificate(certificate).raw;
  return { sha1: digest('sha1', der), sha256: digest('sha256', der) };
}

/** A thumbprint as people paste it (colons, spaces, lower case) in the form of `thumbprintsOf`. */
export function normaliseThumbprint(text: string): string {
  return text.replace(/[:\s]/g, '').toUpperCase();
}

function digest(algorithm: string, data: Uint8Array): string {
  return createHash(algorithm).update(data).digest('hex').toUpperCase();
}
