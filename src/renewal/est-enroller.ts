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

interface PreparedRequest {
  readonly operation: Enrollment;
  readonly csr: Buffer;
  readonly privateKey: Secret;
}

/** Gets certificates for this device from an EST server; what it is given is checked before anybody sees it. */
export class EstEnroller {
  readonly #options: EnrollerOptions;
  #pending: PreparedRequest | undefined;

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
    const { certificatesIn, chooseCertificate } = await import('./est-answer.ts');
    const doing = `use what ${operation} of ${settings.url} answered`;
    const cacerts = await client.authorities(signal);
    const authorities = certificatesIn(cacerts, `use what cacerts of ${settings.url} answered`);

    const request = await this.#csr(operation, renewing, settings.rotateKey ? undefined : previousKey);
    const issued = certificatesIn(await this.#submit(client, request, proof, signal), doing);
    const { privateKey } = request;
    const expected = {
      commonName: this.commonName,
      privateKey: privateKey.reveal(),
      now: clock.now(),
      doing,
    };
    const certificate = chooseCertificate(issued, authorities, expected);
    const credential = { method: 'x509', name: 'primary', registrationId, certificate, privateKey } as const;
    return credential;
  }

  /** Until the server has decided it is handed in again as it was (RFC 7030, 4.2.3); afterwards another one is made. */
  async #submit(
    client: EstClient,
    request: PreparedRequest,
    proof: ClientCertificate | undefined,
    signal: AbortSignal,
  ): Promise<Buffer> {
    this.#pending = undefined;
    try {
      return await client.enroll(request.operation, request.csr, proof, signal);
    } catch (error) {
      if (error instanceof CloudError && isUndecided(error)) this.#pending = request;
      throw error;
    }
  }

  async #csr(
    operation: Enrollment,
    renewing: X509Credential | undefined,
    key: Secret | undefined,
  ): Promise<PreparedRequest> {
    if (this.#pending?.operation === operation) return this.#pending;
    // Loaded when first needed: an agent without EST does not carry ASN.1 in its memory.
    const { createCertificateRequest } = await import('../certificates/certificate-request.ts');
    const { generateKeyPair, importKeyPair } = await import('../certificates/key-pair.ts');
    const keys = key === undefined ? await generateKeyPair() : await importKeyPair(key.reveal());
    const { commonName } = this;
    const csr = await createCertificateRequest({ commonName, keys, renewing: renewing?.certificate });
    return { operation, csr, privateKey: new Secret(keys.privateKeyPem) };
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

/** The server wants to be asked again, or may have issued a certificate whose way back broke. */
function isUndecided({ code }: CloudError): boolean {
  return code === 'EST-PENDING' || code === 'EST-UNREACHABLE';
}
