import type { SecretSource } from '../config/secret-source.ts';
import { isJsonObject } from '../lib/json.ts';
import { Secret } from '../lib/secret.ts';

/**
 * Every secret that a configuration holds or refers to, its private keys, and what programs are given in their environment,
 * where secrets may stand. What cannot be read now cannot have been used either, and is left out.
 */
export async function knownSecrets(
  config: unknown,
  read: (source: SecretSource) => Promise<Secret>,
): Promise<readonly Secret[]> {
  const found = [...secretsIn(config), ...privateKeysIn(config)];
  const secrets = await Promise.all(
    found.map(async (one) => (one instanceof Secret ? one : await read(one).catch(() => undefined))),
  );
  return secrets.filter((one) => one !== undefined);
}

/** Every secret in a configuration, and every place where it says that one stands. */
export function* secretsIn(value: unknown): Generator<Secret | SecretSource, void, undefined> {
  if (value instanceof Secret) yield value;
  else if (isReference(value)) yield value;
  else if (Array.isArray(value)) for (const item of value) yield* secretsIn(item);
  else if (isJsonObject(value))
    for (const [key, content] of Object.entries(value)) {
      if (key === 'environment' && isJsonObject(content)) yield* environmentOf(content);
      else yield* secretsIn(content);
    }
}

/** Of the identities and clients whose certificate and key are files. */
function* privateKeysIn(value: unknown): Generator<SecretSource, void, undefined> {
  if (Array.isArray(value)) for (const item of value) yield* privateKeysIn(item);
  else if (isJsonObject(value) && !(value instanceof Secret)) {
    const { privateKey } = value;
    if (typeof privateKey === 'string') yield { kind: 'file', path: privateKey };
    for (const content of Object.values(value)) yield* privateKeysIn(content);
  }
}

function* environmentOf(variables: object): Generator<Secret, void, undefined> {
  for (const value of Object.values(variables)) if (typeof value === 'string') yield new Secret(value);
}

function isReference(value: unknown): value is Exclude<SecretSource, { kind: 'plain' }> {
  if (!isJsonObject(value)) return false;
  const { kind, path, name } = value;
  return (
    (kind === 'file' && typeof path === 'string') ||
    ((kind === 'env' || kind === 'credential') && typeof name === 'string')
  );
}
