import { CloudError } from '../cloud-error.ts';
import type { EstSettings } from '../config/est-schema.ts';
import type { Clock } from '../lib/clock.ts';
import { untilStopped } from '../lib/deadline.ts';
import { describeError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import type { Random } from '../lib/random.ts';
import type { X509Credential } from '../provisioning/credential.ts';
import type { CredentialSource, Prove } from './credential-source.ts';
import type { EstEnroller } from './est-enroller.ts';
import type { IdentityStore, StoredPair } from './identity-store.ts';
import { readLeaf } from './leaf.ts';
import { isValid, longestOfflineRetryMs, retryDelayMs, untilRenewalMs } from './policy.ts';

export interface EstCredentialOptions {
  readonly registrationId: string;
  readonly enroller: Pick<EstEnroller, 'enroll' | 'commonName'>;
  readonly settings: Pick<EstSettings, 'threshold' | 'retry'>;
  readonly store: IdentityStore;
  readonly prove: Prove;
  /** Called when a credential has come into use without proof, there being none valid before: waiting for one can end. */
  readonly adopted: () => void;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** How long the wall clock may have been stepped before it is noticed. */
const stepMs = 60_000;

interface Failure {
  /** On the monotonic clock, as both others. */
  readonly at: number;
  readonly retryAt: number;
  /** The server does not want to be asked before. */
  readonly floorAt: number;
  readonly count: number;
  readonly code: string;
}

/**
 * A certificate from an EST server: enrolled for when there is none valid, renewed in time (`policy.ts`), proved before it
 * takes the place of one that is valid, and kept (`identity-store.ts`). Never stops trying.
 */
export class EstCredential implements CredentialSource {
  readonly name = 'certificate by EST';
  readonly #options: EstCredentialOptions;
  #identity: X509Credential | undefined;
  #previous: X509Credential | undefined;
  #candidate: X509Credential | undefined;
  /** The identity was refused, and the one before it is in use. */
  #usesPrevious = false;
  #failure: Failure | undefined;
  /**
   * On the monotonic clock: no renewal before, unless there is no valid certificate. A server that issues what is due for
   * renewal already must not be asked without end.
   */
  #restUntil = 0;

  constructor(options: EstCredentialOptions) {
    this.#options = options;
  }

  async load(): Promise<void> {
    const { identity, candidate, previous } = await this.#options.store.load();
    this.#identity = this.#mine(identity);
    this.#previous = this.#mine(previous);
    const waiting = this.#mine(candidate);
    if (candidate === undefined) return;
    if (waiting !== undefined && !isSame(waiting, this.#identity)) this.#candidate = waiting;
    else await this.#discard();
  }

  get inUse(): X509Credential | undefined {
    const [first, second] = this.#usesPrevious
      ? [this.#previous, this.#identity]
      : [this.#identity, this.#previous];
    return [first, second].find((one) => this.#isValid(one)) ?? first ?? second;
  }

  current(): Promise<X509Credential> {
    const { inUse } = this;
    if (inUse !== undefined && this.#isValid(inUse)) return Promise.resolve(inUse);
    return Promise.reject(new CloudError('CERT-AWAITED', `prove to be ${this.#options.registrationId}`));
  }

  /**
   * To be called when DPS or the hub has refused this credential for good. Returns whether there is another one, still
   * valid, that `current` gives from now on: the one that was in use before, and after it this one again.
   */
  refused(credential: X509Credential): boolean {
    const { inUse } = this;
    const other = isSame(inUse, this.#identity) ? this.#previous : this.#identity;
    if (!isSame(credential, inUse) || !this.#isValid(other) || isSame(other, inUse)) return false;
    this.#usesPrevious = !this.#usesPrevious;
    this.#options.log.warn(
      this.#fields(other),
      'the certificate was refused: the other one kept is used instead',
    );
    return true;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    while (!signal.aborted) {
      const waitMs = this.#waitMs();
      if (waitMs > 0) await untilStopped(clock.sleep(Math.min(waitMs, stepMs), signal), signal);
      else await this.#renew(signal);
    }
  }

  #waitMs(): number {
    const { clock, settings } = this.#options;
    const retryMs = this.#retryAt() - clock.monotonic();
    if (retryMs > 0) return retryMs;
    if (this.#candidate !== undefined) return 0;
    const dueMs = untilRenewalMs(lifetimeOf(this.inUse), settings.threshold, clock.now());
    return this.#isValid(this.inUse) ? Math.max(dueMs, this.#restUntil - clock.monotonic()) : dueMs;
  }

  /** A wait that began with a valid certificate may be long; once that has expired it is cut, as for any without one. */
  #retryAt(): number {
    if (this.#failure === undefined) return 0;
    const { at, retryAt, floorAt } = this.#failure;
    if (this.#isValid(this.inUse)) return retryAt;
    return Math.max(floorAt, Math.min(retryAt, at + longestOfflineRetryMs));
  }

  async #renew(signal: AbortSignal): Promise<void> {
    try {
      if (this.#candidate !== undefined && !this.#isValid(this.#candidate)) await this.#discard();
      const candidate = this.#candidate ?? (await this.#enroll(signal));
      const hadValid = this.#isValid(this.inUse);
      if (hadValid) await this.#prove(candidate, signal);
      await this.#promote(candidate);
      if (!hadValid) this.#options.adopted();
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof CloudError)) throw error;
      this.#failed(error);
    }
  }

  async #enroll(signal: AbortSignal): Promise<X509Credential> {
    const { enroller, store } = this.#options;
    const { inUse } = this;
    const identity = this.#isValid(inUse) ? inUse : undefined;
    const candidate = await enroller.enroll(identity, inUse?.privateKey, signal);
    this.#candidate = candidate;
    await this.#keep(() => store.keepCandidate(candidate));
    return candidate;
  }

  async #prove(candidate: X509Credential, signal: AbortSignal): Promise<void> {
    const { prove, log } = this.#options;
    log.info(this.#fields(candidate), 'a new certificate was issued and is being tried');
    try {
      await prove(candidate, signal);
    } catch (error) {
      // Refused: another one is asked for. Not tried, for want of a network: it is tried again.
      if (!signal.aborted && error instanceof CloudError && error.kind === 'rejected') await this.#discard();
      throw error;
    }
  }

  async #promote(candidate: X509Credential): Promise<void> {
    const { inUse } = this;
    this.#previous = this.#isValid(inUse) ? inUse : this.#previous;
    this.#identity = candidate;
    this.#candidate = undefined;
    this.#usesPrevious = false;
    this.#failure = undefined;
    this.#restUntil = this.#options.clock.monotonic() + this.#retryDelayMs(1, undefined);
    await this.#keep(() => this.#options.store.promote(candidate, this.#previous));
    this.#options.log.info(this.#fields(candidate), 'the new certificate is in use');
  }

  async #discard(): Promise<void> {
    this.#candidate = undefined;
    await this.#keep(() => this.#options.store.discardCandidate());
  }

  /** A disk that is full or read-only must not part the device from the cloud: it goes on from memory, and says so. */
  async #keep(change: () => Promise<void>): Promise<void> {
    try {
      await change();
    } catch (error) {
      this.#options.log.error(
        { error: describeError(error) },
        'cannot save the device’s new certificate: it is lost when the agent ends',
      );
    }
  }

  #failed(error: CloudError): void {
    const { clock, log } = this.#options;
    const { code, kind, remedy, retryAfterMs } = error;
    const before = this.#failure;
    const count = (before?.count ?? 0) + 1;
    const delayMs = this.#retryDelayMs(count, retryAfterMs);
    const at = clock.monotonic();
    const floorAt = at + Math.min(retryAfterMs ?? 0, delayMs);
    this.#failure = { at, retryAt: at + delayMs, floorAt, count, code };
    const say = before?.code === code ? log.debug.bind(log) : log.warn.bind(log);
    const old = this.#isValid(this.inUse) ? 'the one in use goes on' : 'there is none in use';
    say(
      { code, kind, retryMs: Math.round(delayMs) },
      `the certificate could not be renewed, ${old}: ${describeError(error)} [${code}] – ${remedy}`,
    );
  }

  #retryDelayMs(failures: number, retryAfterMs: number | undefined): number {
    const { clock, random, settings } = this.#options;
    // A candidate that waits for its proof costs the EST server nothing to be tried again soon.
    const lifetime = this.#candidate === undefined ? lifetimeOf(this.inUse) : undefined;
    const failed = { lifetime, retry: settings.retry, failures, retryAfterMs, now: clock.now() };
    return retryDelayMs(failed, random);
  }

  /** A stored pair as a credential, if it is for this device's name: the configuration may have changed since. */
  #mine(pair: StoredPair | undefined): X509Credential | undefined {
    if (pair === undefined) return undefined;
    const { registrationId, enroller, log } = this.#options;
    const { commonName } = readLeaf(pair.certificate);
    const credential = { method: 'x509', name: 'primary', registrationId, ...pair } as const;
    if (commonName === enroller.commonName) return credential;
    log.info(
      { commonName },
      `a stored certificate is for another name than ${enroller.commonName}, and not used`,
    );
    return undefined;
  }

  #isValid(credential: X509Credential | undefined): boolean {
    const lifetime = lifetimeOf(credential);
    return lifetime !== undefined && isValid(lifetime, this.#options.clock.now());
  }

  #fields(credential: X509Credential | undefined): object {
    if (credential === undefined) return {};
    const { thumbprint, notAfter } = readLeaf(credential.certificate);
    return { thumbprint, validUntil: notAfter.toISOString() };
  }
}

function lifetimeOf(credential: X509Credential | undefined): ReturnType<typeof readLeaf> | undefined {
  return credential === undefined ? undefined : readLeaf(credential.certificate);
}

function isSame(one: X509Credential | undefined, other: X509Credential | undefined): boolean {
  return one !== undefined && one.certificate === other?.certificate;
}
