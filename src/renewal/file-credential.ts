import { CloudError } from '../cloud-error.ts';
import { fullJitterMs } from '../lib/backoff.ts';
import type { Clock } from '../lib/clock.ts';
import { untilStopped } from '../lib/deadline.ts';
import { describeError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import type { Random } from '../lib/random.ts';
import type { X509Credential } from '../provisioning/credential.ts';
import type { CredentialSource, Prove } from './credential-source.ts';
import { digestOf } from './file-digest.ts';
import { readLeaf } from './leaf.ts';

export interface FileCredentialOptions {
  /** For the log: `primary` or `secondary`. */
  readonly name: string;
  /** Paths of the certificate and its key, which are watched. */
  readonly files: readonly string[];
  /** Reads and checks them; rejects with a CloudError (`CERT-…`). */
  readonly read: () => Promise<X509Credential>;
  readonly prove: Prove;
  /** Called when a credential has come into use without proof, there being none valid before: waiting for one can end. */
  readonly adopted: () => void;
  readonly intervalMs?: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

const defaultIntervalMs = 10_000;
const proofRetry = { initialMs: 60_000, maximumMs: 3_600_000 };

/**
 * A credential in files that somebody else replaces. Its pair in use is in memory: it stays, whatever becomes of the
 * files, until a new pair has kept still for an interval, has been checked, and has been proved. A pair that is refused
 * is told once and not tried again until the files change; one that could not be tried is tried again, ever more rarely.
 *
 * The files are read, not watched by the kernel: a rename, a link that is moved (Kubernetes) and a file half written all
 * look the same this way, and two small files every ten seconds cost nothing.
 */
export class FileCredential implements CredentialSource {
  readonly name: string;
  readonly #options: FileCredentialOptions;
  #inUse: X509Credential | undefined;
  /** Digest of the files at the last look. */
  #seen: string | undefined;
  /** Digest of files about which nothing is left to be done: they are in use, or refused. */
  #settled: string | undefined;
  /** Failed proofs of what is in the files now. */
  #failures = 0;
  /** On the monotonic clock: no proof before. */
  #retryAt = 0;
  /** The code last told about what is in the files now. */
  #told: string | undefined;

  constructor(options: FileCredentialOptions) {
    this.name = `${options.name} certificate`;
    this.#options = options;
  }

  get inUse(): X509Credential | undefined {
    return this.#inUse;
  }

  async load(): Promise<void> {
    const digest = await digestOf(this.#options.files);
    this.#seen = digest;
    try {
      await this.#readNow();
    } catch (error) {
      if (!(error instanceof CloudError)) throw error;
      // Told by `current` whenever it is asked; the files are looked at again when they change.
      if (error.kind === 'rejected') this.#settled = digest;
    }
  }

  async current(): Promise<X509Credential> {
    if (this.#inUse !== undefined && this.#isValid(this.#inUse)) return this.#inUse;
    return this.#readNow();
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, intervalMs = defaultIntervalMs } = this.#options;
    for (;;) {
      await untilStopped(clock.sleep(intervalMs, signal), signal);
      if (signal.aborted) return;
      await this.#look(signal);
    }
  }

  async #readNow(): Promise<X509Credential> {
    const digest = await digestOf(this.#options.files);
    const credential = await this.#options.read();
    this.#use(credential, digest);
    return credential;
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { clock, files } = this.#options;
    const digest = await digestOf(files);
    if (digest !== this.#seen) {
      this.#seen = digest;
      this.#failures = 0;
      this.#retryAt = 0;
      this.#told = undefined;
      return;
    }
    if (digest === this.#settled || clock.monotonic() < this.#retryAt) return;
    try {
      await this.#try(digest, signal);
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof CloudError)) throw error;
      this.#refuse(error, digest);
    }
  }

  async #try(digest: string, signal: AbortSignal): Promise<void> {
    const { files, read, prove, adopted, log } = this.#options;
    const candidate = await read();
    // What was read may be half of what was there and half of what is there now.
    if ((await digestOf(files)) !== digest) return;
    const inUse = this.#inUse;
    if (inUse !== undefined && isSame(candidate, inUse)) {
      this.#settled = digest;
      return;
    }
    if (inUse === undefined || !this.#isValid(inUse)) {
      this.#use(candidate, digest);
      adopted();
    } else {
      checkName(candidate, inUse, files);
      await this.#prove(prove, candidate, signal);
      this.#use(candidate, digest);
    }
    log.info(this.#fields(candidate), `the ${this.name} was replaced, and the new one is in use`);
  }

  async #prove(prove: Prove, candidate: X509Credential, signal: AbortSignal): Promise<void> {
    const { clock, random, log } = this.#options;
    log.info(this.#fields(candidate), `the ${this.name} has been replaced: the new one is being tried`);
    try {
      await prove(candidate, signal);
    } catch (error) {
      this.#failures += 1;
      this.#retryAt = clock.monotonic() + fullJitterMs(proofRetry, this.#failures, random);
      throw error;
    }
  }

  #refuse(error: CloudError, digest: string): void {
    const { log } = this.#options;
    const { code, kind, remedy } = error;
    if (kind === 'rejected') this.#settled = digest;
    if (code === this.#told) return;
    this.#told = code;
    const [say, verdict] =
      kind === 'rejected'
        ? [log.error.bind(log), 'is refused']
        : [log.warn.bind(log), 'cannot be tried now, and will be again'];
    const old = this.#inUse === undefined ? 'there is none in use' : 'the one in use goes on';
    say(
      { code, kind, credential: this.#options.name },
      `the new ${this.name} ${verdict}; ${old}: ${describeError(error)} [${code}] – ${remedy}`,
    );
  }

  #use(credential: X509Credential, digest: string): void {
    this.#inUse = credential;
    this.#settled = digest;
    this.#told = undefined;
  }

  #isValid({ certificate }: X509Credential): boolean {
    const { notBefore, notAfter } = readLeaf(certificate);
    const now = this.#options.clock.now();
    return now >= notBefore && now <= notAfter;
  }

  #fields({ certificate }: X509Credential): object {
    const { thumbprint, notAfter } = readLeaf(certificate);
    return { credential: this.#options.name, thumbprint, validUntil: notAfter.toISOString() };
  }
}

function isSame(one: X509Credential, other: X509Credential): boolean {
  return one.certificate === other.certificate && one.privateKey.reveal() === other.privateKey.reveal();
}

function checkName(candidate: X509Credential, inUse: X509Credential, files: readonly string[]): void {
  const [name, expected] = [candidate, inUse].map(({ certificate }) => readLeaf(certificate).commonName);
  if (name === expected) return;
  const cause = new Error(
    `its common name is ${name ?? 'not one'}, and that of the one in use is ${expected ?? 'not one'}`,
  );
  throw new CloudError('CERT-UNUSABLE', `use ${files.join(' and ')}`, { cause });
}
