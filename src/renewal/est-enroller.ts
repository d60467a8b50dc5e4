import type { EstSettings } from '../config/est-schema.ts';
import { CloudError } from '../cloud-error.ts';
import type { Clock } from '../lib/clock.ts';
import { Secret } from '../lib/secret.ts';
import type { X509Credential } from '../provisioning/credential.ts';
import { EstClient } from './est-client.ts';
import type { ClientCertificate, Enrollment } from './est-client.ts';
import { readBootstrap, readTrusted } from './est-files.ts';

export interface EnrollerOptions {
  readonly settings: Pick<
    EstSettings,
    'url' | 'username' | 'bootstrap' | 'trustedCerts' | 'rotateKey' | 'commonName'
  >;
  readonly password?: (() => Promise<Secret>) | undefined;
  readonly registrationId: string;
  /** PEM certificates to trust when the settings name none; without them Node's own roots. */
  readonly trusted?: readonly string[] | undefined;
  readonly clock: Clock;
}

/** Gets certificates for this device from an EST server; what it is given is checked before anybody sees it. */
export class EstEnroller {
  readonly #options: EnrollerOptions;

  constructor(options: EnrollerOptions) {
    this.#options = options;
  }

  get commonName(): string {
    return this.#options.settings.commonName ?? this.#options.registrationId;
  }

  /**
   * One enrollment: a renewal with the identity while that is valid, otherwise, or when it is refused and there is
   * something else to show, a first one with the bootstrap certificate and password. Rejects with a CloudError.
   *
   * @param identity the credential in use, valid now; `undefined` when there is none
   * @param previousKey PEM of a key to use again when keys are not rotated
   */
  async enroll(
    identity: X509Credential | undefined,
    previousKey: Secret | undefined,
    signal: AbortSignal,
  ): Promise<X509Credential> {
    const client = new EstClient(await this.#server(), this.#options.clock);
    if (identity === undefined) return this.#first(client, previousKey, signal);
    try {
      return await this.#request(client, 'simplereenroll', identity, identity, previousKey, signal);
    } catch (error) {
      if (!this.#hasOtherProof || !(error instanceof CloudError) || error.code !== 'EST-REFUSED') throw error;
      return this.#first(client, previousKey, signal);
    }
  }

  async #first(
    client: EstClient,
    previousKey: Secret | undefined,
    signal: AbortSignal,
  ): Promise<X509Credential> {
    const bootstrap = await readBootstrap(this.#options.settings.bootstrap);
    return this.#request(client, 'simpleenroll', bootstrap, undefined, previousKey, signal);
  }

  async #request(
    client: EstClient,
    operation: Enrollment,
    proof: ClientCertificate | undefined,
    renewing: X509Credential | undefined,
    previousKey: Secret | undefined,
    signal: AbortSignal,
  ): Promise<X509Credential> {
    const { settings, registrationId, clock } = this.#options;
    // Loaded when first needed: an agent without EST does not carry ASN.1 in its memory.
    const { createCertificateRequest } = await import('../certificates/certificate-request.ts');
    const { generateKeyPair, importKeyPair } = await import('../certificates/key-pair.ts');
    const { certificatesIn, chooseCertificate } = await import('./est-answer.ts');
    const { commonName } = this;
    const doing = `use what ${operation} of ${settings.url} answered`;

    const authorities = certificatesIn(
      await client.authorities(signal),
      `use what cacerts of ${settings.url} answered`,
    );
    const again = settings.rotateKey ? undefined : previousKey;
    const keys = again === undefined ? await generateKeyPair() : await importKeyPair(again.reveal());
    const csr = await createCertificateRequest({ commonName, keys, renewing: renewing?.certificate });
    const issued = certificatesIn(await client.enroll(operation, csr, proof, signal), doing);
    const privateKey = keys.privateKeyPem;
    const expected = { commonName, privateKey, now: clock.now(), doing };
    const credential = {
      method: 'x509',
      name: 'primary',
      registrationId,
      certificate: chooseCertificate(issued, authorities, expected),
      privateKey: new Secret(privateKey),
    } as const;
    return credential;
  }

  get #hasOtherProof(): boolean {
    const { settings, password } = this.#options;
    return settings.bootstrap !== undefined || (settings.username !== undefined && password !== undefined);
  }

  async #server(): Promise<ConstructorParameters<typeof EstClient>[0]> {
    const { settings, password, trusted } = this.#options;
    const { url, username } = settings;
    const basic =
      username === undefined || password === undefined ? undefined : { username, password: await password() };
    return { url, basic, trusted: (await readTrusted(settings.trustedCerts)) ?? trusted };
  }
}
