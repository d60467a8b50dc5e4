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
  readonly #others: Pick<SecureContexts, 'anonymous'> | undefined;
  #last: { readonly digest: string; readonly context: SecureContext } | undefined;
  #anonymous: SecureContext | undefined;

  /**
   * @param ca PEM certificates to trust; Node's own roots when absent
   * @param others that trust the same, whose context without a certificate serves here, too
   */
  constructor(ca: readonly string[] | undefined, others?: Pick<SecureContexts, 'anonymous'>) {
    this.#ca = ca;
    this.#others = others;
  }

  /** Throws a CloudError (`CERT-UNUSABLE`) for key material that OpenSSL refuses. */
  for(credential: Credential): SecureContext {
    // TLS does not see symmetric keys.
    if (credential.method === 'symmetric_key') return this.anonymous();
    const digest = digestOf(credential);
    if (this.#last?.digest === digest) return this.#last.context;
    const context = this.#create(credential);
    this.#last = { digest, context };
    return context;
  }

  /** For servers that need not know who the device is. */
  anonymous(): SecureContext {
    this.#anonymous ??= this.#others?.anonymous() ?? this.#create(undefined);
    return this.#anonymous;
  }

  #create(credential: ByCertificate | undefined): SecureContext {
    const trust = this.#ca === undefined ? {} : { ca: [...this.#ca] };
    const own =
      credential === undefined ? {} : { cert: credential.certificate, key: credential.privateKey.reveal() };
    try {
      return createSecureContext({ minVersion: 'TLSv1.2', ...trust, ...own });
    } catch (cause) {
      throw new CloudError('CERT-UNUSABLE', 'prepare TLS', { cause });
    }
  }
}

type ByCertificate = Extract<Credential, { method: 'x509' }>;

function digestOf({ certificate, privateKey }: ByCertificate): string {
  return createHash('sha256').update(certificate).update(privateKey.reveal()).digest('hex');
}
