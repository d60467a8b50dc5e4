import { createPrivateKey } from 'node:crypto';
import { join } from 'node:path';
import { readFileIfPresent, removeFile, setAside, writeFileAtomically } from '../lib/atomic-file.ts';
import { describeError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import { Secret } from '../lib/secret.ts';
import { readLeaf } from './leaf.ts';

/** PEM: the certificate with its intermediates, and its key. */
export interface StoredPair {
  readonly certificate: string;
  readonly privateKey: Secret;
}

export interface StoredIdentity {
  readonly identity?: StoredPair | undefined;
  /** Issued, and not proved yet. */
  readonly candidate?: StoredPair | undefined;
  /** What was in use before `identity`. */
  readonly previous?: StoredPair | undefined;
}

/** How files are changed: each call is one step that a power cut finds done or not begun. */
export interface FileSteps {
  write(path: string, content: string): Promise<void>;
  remove(path: string): Promise<void>;
}

const atomicSteps: FileSteps = {
  write: (path, content) => writeFileAtomically(path, content),
  remove: removeFile,
};

/**
 * The device's identity on disk. Certificate and key of a pair share one file (mode 0600), so that they cannot be torn
 * apart. A new pair goes through three steps, each of which leaves something whole:
 *
 *   identity.new.pem written ─► proved ─► identity.previous.pem written ─► identity.pem replaced ─► identity.new.pem removed
 *
 * Cut anywhere before `identity.pem` is replaced, the old pair is in use and the new one is proved again; cut after it,
 * the new one is in use, and its copy is only removed.
 */
export class IdentityStore {
  readonly #paths: Readonly<Record<keyof StoredIdentity, string>>;
  readonly #log: Log;
  readonly #steps: FileSteps;

  constructor(directory: string, log: Log, steps: FileSteps = atomicSteps) {
    this.#paths = {
      identity: join(directory, 'identity.pem'),
      candidate: join(directory, 'identity.new.pem'),
      previous: join(directory, 'identity.previous.pem'),
    };
    this.#log = log;
    this.#steps = steps;
  }

  /** What is there. Never rejects: a damaged file is set aside and said to be, an unreadable one said to be. */
  async load(): Promise<StoredIdentity> {
    const identity = await this.#read(this.#paths.identity);
    const candidate = await this.#read(this.#paths.candidate);
    const previous = await this.#read(this.#paths.previous);
    return { identity, candidate, previous };
  }

  async keepCandidate(candidate: StoredPair): Promise<void> {
    await this.#steps.write(this.#paths.candidate, contentOf(candidate));
  }

  async discardCandidate(): Promise<void> {
    await this.#steps.remove(this.#paths.candidate);
  }

  /** @param previous what to return to if the promoted one is refused one day */
  async promote(candidate: StoredPair, previous: StoredPair | undefined): Promise<void> {
    if (previous !== undefined) await this.#steps.write(this.#paths.previous, contentOf(previous));
    await this.#steps.write(this.#paths.identity, contentOf(candidate));
    await this.#steps.remove(this.#paths.candidate);
  }

  async #read(path: string): Promise<StoredPair | undefined> {
    try {
      const text = await readFileIfPresent(path);
      return text === undefined ? undefined : parsePair(text);
    } catch (error) {
      return this.#setAside(path, error);
    }
  }

  async #setAside(path: string, why: unknown): Promise<undefined> {
    try {
      const aside = await setAside(path);
      this.#log.warn(
        { error: describeError(why) },
        `the identity in ${path} was damaged and is now ${aside}`,
      );
    } catch (error) {
      this.#log.warn({ error: describeError(error) }, `cannot read ${path}, nor set it aside`);
    }
    return undefined;
  }
}

function contentOf({ certificate, privateKey }: StoredPair): string {
  return `${certificate.trimEnd()}\n${privateKey.reveal().trimEnd()}\n`;
}

/** Throws when the text is no certificate with its key. */
function parsePair(text: string): StoredPair {
  const keyBegin = text.search(/^-----BEGIN [A-Z ]*PRIVATE KEY-----$/m);
  if (keyBegin < 0) throw new Error('there is no private key in it');
  const certificate = text.slice(0, keyBegin);
  const privateKey = text.slice(keyBegin);
  if (!readLeaf(certificate).certificate.checkPrivateKey(createPrivateKey(privateKey)))
    throw new Error('certificate and key do not belong together');
  return { certificate, privateKey: new Secret(privateKey) };
}
