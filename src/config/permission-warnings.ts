import { stat } from 'node:fs/promises';
import { describeError } from '../lib/errors.ts';
import { Secret } from '../lib/secret.ts';
import { shellWord } from '../lib/shell-word.ts';
import { isMapping } from './found.ts';
import type { IdentityFiles } from './identity-files.ts';
import type { InputConfig } from './inputs/inputs.ts';
import type { Config } from './schema.ts';
import type { SecretSource } from './secret-source.ts';

export interface PermissionOptions {
  /** Of the user the agent runs as, so that the advice does not lock it out; without it the file's owner is taken for it. */
  readonly uid?: number | undefined;
}

/**
 * A warning for each file with a secret that every user of the machine can read, with the command that puts it right.
 * A file that its group can read is left alone: systemd's credentials are so (0440, with an ACL), and that is how a
 * service of its own user reads root's files. A file that is not there is no matter of permissions.
 * @param configPath the configuration, or those of its files in which secrets stand
 */
export async function permissionWarnings(
  configPath: string | readonly string[],
  config: Config,
  options: PermissionOptions = {},
): Promise<readonly string[]> {
  const files = await exposedSecrets(configPath, config, options);
  return files.map(({ seen, command }) => (command === undefined ? seen : `${seen}: ${command}`));
}

/** A file with a secret that every user of the machine can read, or of which nobody can say so. */
export interface ExposedSecret {
  readonly seen: string;
  /** Puts it right. */
  readonly command?: string;
}

/** The same, with the command for itself. */
export async function exposedSecrets(
  configPath: string | readonly string[],
  config: Config,
  options: PermissionOptions,
): Promise<readonly ExposedSecret[]> {
  const written = holdsPlainSecret(config) ? [configPath].flat() : [];
  const files = [
    ...written.map((path) => ({ path, mode: '640' })),
    ...[...secretFiles(config)].map((path) => ({ path, mode: '600' })),
  ];
  const exposed = await Promise.all(files.map((file) => exposureOf(file, options)));
  return exposed.filter((each) => each !== undefined);
}

interface SecretFile {
  readonly path: string;
  readonly mode: string;
}

const readableByOthers = 0o004;

async function exposureOf(
  { path, mode }: SecretFile,
  { uid }: PermissionOptions,
): Promise<ExposedSecret | undefined> {
  try {
    const file = await stat(path);
    if ((file.mode & readableByOthers) === 0) return undefined;
    const isOurs = uid === undefined || uid === 0 || uid === file.uid;
    const name = shellWord(path);
    const command = isOurs ? `chmod ${mode} ${name}` : `chown ${uid} ${name} && chmod 600 ${name}`;
    return { seen: `${path} holds a secret and can be read by every user of this machine`, command };
  } catch (error) {
    if (isMissing(error)) return undefined;
    return { seen: `cannot check who may read ${path}: ${describeError(error)}` };
  }
}

/** Files of private keys, passphrases and other secrets that the configuration refers to, each once. */
function secretFiles(config: Config): ReadonlySet<string> {
  const paths = new Set<string>();
  visit(secretPlaces(config), (value) => {
    if (isFileSource(value)) paths.add(value.path);
    if (isPair(value)) paths.add(value.privateKey);
  });
  return paths;
}

/** A proxy without a password is no secret, though it may be one. */
function holdsPlainSecret(config: Config): boolean {
  let holds = false;
  visit(secretPlaces(config), (value) => {
    if (value instanceof Secret) holds ||= value !== secretIn(config.proxy) || value.reveal().includes('@');
  });
  return holds;
}

function secretIn(source: SecretSource | undefined): Secret | undefined {
  return source?.kind === 'plain' ? source.value : undefined;
}

/** Where in a configuration there can be secrets. */
function secretPlaces({ provisioning, proxy, telemetry, localApi }: Config): unknown[] {
  return [provisioning.attestation, proxy, localApi.page, ...telemetry.inputs.flatMap(inputSecrets)];
}

/** What is in a header cannot be known, so it is taken for a secret. */
function inputSecrets(input: InputConfig): unknown[] {
  switch (input.type) {
    case 'http':
      return [...Object.values(input.headers), input.basic?.password, input.bearerToken];
    case 'mqtt':
      return [input.password, input.clientCertificate];
    case 'system':
    case 'file':
    case 'exec':
    case 'socket':
      return [];
  }
}

/** Everything in a tree, itself included. */
function visit(value: unknown, look: (value: unknown) => void): void {
  look(value);
  if (value instanceof Secret || typeof value !== 'object' || value === null) return;
  for (const inner of Object.values(value)) visit(inner, look);
}

function isFileSource(value: unknown): value is { readonly path: string } {
  return isMapping(value) && value['kind'] === 'file' && typeof value['path'] === 'string';
}

/** The files of an identity, of the certificate that EST begins with, or of a broker's client. */
function isPair(value: unknown): value is Pick<IdentityFiles, 'privateKey'> {
  return (
    isMapping(value) && typeof value['certificate'] === 'string' && typeof value['privateKey'] === 'string'
  );
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
