import type { Service } from '../lib/service.ts';
import type { X509Credential } from '../provisioning/credential.ts';

/**
 * Proves a candidate: resolves when a session with it has opened and has replaced the one before. Rejects with a
 * CloudError – `rejected` when the candidate was refused, `transient` when it could not be tried – and the session before
 * goes on; or with the signal's reason.
 */
export type Prove = (candidate: X509Credential, signal: AbortSignal) => Promise<void>;

/** Owns the certificate in use. As a service it watches for a better one, or gets it; `load` comes before `run`. */
export interface CredentialSource extends Service {
  /** Finds what is there at start. What is wrong with it `current` tells. */
  load(): Promise<void>;
  /** The credential for the next connection; rejects with a CloudError (`CERT-…`) when there is none valid now. */
  current(): Promise<X509Credential>;
  /** The credential in use, valid or not. */
  readonly inUse: X509Credential | undefined;
}
