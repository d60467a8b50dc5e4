import { createHash } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import type { SecureContext } from 'node:tls';
import { CloudError } from '../cloud-error.ts';
import type { Credential } from '../provisioning/credential.ts';

/**
 * What TLS needs, made once and used for every connection until the certificate changes: parsing a set of roots for each
 * connection cost the agent a hundred megabytes over two thousand reconnects (docs/measurements.md).
 */
export class SecureContexts {
  readonly #ca: readonly string[] | undefined;
  #last: { readonly digest: string; readonly context: SecureContext } | undefined;
  #anonymous: SecureContext | undefined;

  /** @param ca PEM certificates to trust; Node's own roots when absent */
  constructor(ca: readonly string[] | undefined) {
    this.#ca = ca;
  }

  /** Throws a CloudError (`CERT-UNUSABLE`) for key material that OpenSSL refuses. */
  for(credential: Credential): SecureContext {
    const digest = digestOf(credential);
    if (this.#last?.digest === digest) return this.#last.context;
    const context = this.#create(credential);
    this.#last = { digest, context };
    return context;
  }

  /** For servers that need not know who the device is. */
  anonymous(): SecureContext {
    this.#anonymous ??= this.#create(undefined);
    return this.#anonymous;
  }

  #create(credential: Credential | undefined): SecureContext {
    const trust = this.#ca === undefined ? {} : { ca: [...this.#ca] };
    const own =
      credential?.method === 'x509'
        ? { cert: credential.certificate, key: credential.privateKey.reveal() }
        : {};
    try {
      return createSecureContext({ minVersion: 'TLSv1.2', ...trust, ...own });
    } catch (cause) {
      throw new CloudError('CERT-UNUSABLE', 'prepare TLS', { cause });
    }
  }
}

/** The same for all symmetric keys, which TLS does not see. */
function digestOf(credential: Credential): string {
  if (credential.method === 'symmetric_key') return credential.method;
  const { certificate, privateKey } = credential;
  return createHash('sha256').update(certificate).update(privateKey.reveal()).digest('hex');
}
