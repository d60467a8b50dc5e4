import type { SecretSource } from './secret-source.ts';

/** How the device gets and renews its certificate by EST (RFC 7030). Absent proofs: the server asks for none. */
export interface EstSettings {
  readonly url: string;
  /** Absent: the registration ID. */
  readonly commonName?: string;
  readonly username?: string;
  readonly password?: SecretSource;
  /** Paths of the PEM files of a certificate that proves the device until it has its own. */
  readonly bootstrap?: { readonly certificate: string; readonly privateKey: string };
  /** Paths of PEM files with the authorities that the server is trusted by; none: the agent's own. */
  readonly trustedCerts: readonly string[];
  /** When to renew, counted from the beginning of the certificate's lifetime. */
  readonly threshold: Share;
  /** How long to wait after a renewal that failed. */
  readonly retry: Share;
  /** Whether a renewal makes a new key too. */
  readonly rotateKey: boolean;
}

/** A part of a certificate's lifetime, more than 0 and at most 100 percent of it, or a duration. */
export type Share = { readonly percent: number } | { readonly ms: number };
