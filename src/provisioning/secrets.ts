import { isUtf8 } from 'node:buffer';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { CloudError } from '../cloud-error.ts';
import type { SecretSource } from '../config/secret-source.ts';
import { Secret } from '../lib/secret.ts';

/** A key or password has some hundred bytes; whatever is larger than this is another file. */
const maxBytes = 65_536;

export interface SecretPlaces {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** systemd's `$CREDENTIALS_DIRECTORY`; `undefined` where the unit loads no credential. */
  readonly credentialsDirectory: string | undefined;
}

/** Reads secrets from where the configuration says that they stand, anew each time. */
export class Secrets {
  readonly #places: SecretPlaces;

  constructor(places: SecretPlaces) {
    this.#places = places;
  }

  /** One line break at the end is not part of it. Rejects with a CloudError (`SECRET-UNREADABLE`), never its text. */
  async read(source: SecretSource): Promise<Secret> {
    if (source.kind === 'plain') return source.value;
    try {
      const text = (await this.#text(source)).replace(/\r?\n$/, '');
      if (text === '') throw new Error('it is empty');
      return new Secret(text);
    } catch (cause) {
      throw new CloudError('SECRET-UNREADABLE', `read the secret at ${placeOf(source)}`, { cause });
    }
  }

  async #text(source: Exclude<SecretSource, { kind: 'plain' }>): Promise<string> {
    switch (source.kind) {
      case 'file':
        return readText(source.path);
      case 'env':
        return this.#variable(source.name);
      case 'credential':
        return readText(join(this.#directory(source.name), source.name));
    }
  }

  #variable(name: string): string {
    const value = this.#places.env[name];
    if (value === undefined) throw new Error('the environment has no such variable');
    return value;
  }

  #directory(name: string): string {
    const { credentialsDirectory } = this.#places;
    if (credentialsDirectory !== undefined) return credentialsDirectory;
    throw new Error(
      `there is no $CREDENTIALS_DIRECTORY: the unit needs LoadCredential=${name}:/path, and the agent systemd`,
    );
  }
}

/** A secret's place as the configuration has it, for messages. */
export function placeOf(source: SecretSource): string {
  switch (source.kind) {
    case 'plain':
      return 'the configuration';
    case 'file':
      return source.path;
    case 'env':
    case 'credential':
      return `${source.kind}:${source.name}`;
  }
}

async function readText(path: string): Promise<string> {
  const file = await stat(path);
  if (!file.isFile()) throw new Error(`${path} is not a file`);
  if (file.size > maxBytes) throw new Error(`${path} is larger than 64 KB: is this the right file?`);
  const bytes = await readFile(path);
  if (!isUtf8(bytes)) throw new Error(`${path} is not text in UTF-8`);
  return bytes.toString('utf8');
}
