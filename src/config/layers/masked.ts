import { Secret } from '../../lib/secret.ts';
import { withoutSecrets } from '../../lib/without-secrets.ts';
import { looksSecret } from '../found.ts';
import type { LoadedConfig } from '../parse.ts';
import type { KeyPath } from '../positions.ts';
import type { ConfigValue } from './values.ts';

export const mask = '***';

/** Shorter ones are masked only where they are the whole value: they may be a part of anything. */
const shortestPart = 6;
const secretName = /(?:password|passphrase|token|secret|symmetric_key|group_key|api_?key)$/i;
/** Where a secret may be that is known for one to nobody but who wrote it. */
const opaque: readonly string[] = ['environment', 'headers'];
const userInUrl = /(?<=:\/\/)[^/@\s]+@/g;

/**
 * A value as it may be shown: without what the program keeps as a secret, what has a secret's name or looks like one, and
 * what stands in headers and environments. A reference to a secret is none.
 */
export function maskedValue(
  { path, value }: Pick<ConfigValue, 'path' | 'value'>,
  secrets: ReadonlySet<string>,
): unknown {
  const visit = (inner: unknown, at: KeyPath, depth: number): unknown => {
    if (typeof inner === 'string') return maskedText(inner, at, secrets);
    if (typeof inner !== 'object' || inner === null)
      return isHidden(at) && inner !== null ? maskedIf(inner) : inner;
    if (depth > 20) return mask;
    if (Array.isArray(inner)) return inner.map((item, index) => visit(item, [...at, index], depth + 1));
    return Object.fromEntries(
      Object.entries(inner).map(([key, item]) => [key, visit(item, [...at, key], depth + 1)]),
    );
  };
  return visit(value, path, 0);
}

function maskedIf(value: unknown): unknown {
  return value === undefined ? undefined : mask;
}

function maskedText(text: string, path: KeyPath, secrets: ReadonlySet<string>): string {
  if (/^(?:file:\/\/|env:|credential:)\S*$/.test(text)) return text;
  if (text === '') return text;
  if (isHidden(path) || secrets.has(text)) return mask;
  const parts = [...secrets].filter((secret) => secret.length >= shortestPart);
  const without = parts
    .reduce((rest, secret) => rest.replaceAll(secret, mask), text)
    .replace(userInUrl, `${mask}@`);
  return looksSecret(without) ? mask : withoutSecrets(without);
}

function isHidden(path: KeyPath): boolean {
  return path.some((key) => typeof key === 'string' && (secretName.test(key) || opaque.includes(key)));
}

/** The texts that are secrets in this configuration. A URL without a user in it is none, though the program treats it so. */
export function secretsIn(config: LoadedConfig['config']): ReadonlySet<string> {
  const secrets = new Set<string>();
  const seen = new Set<object>();
  const visit = (value: unknown): void => {
    if (value instanceof Secret) secrets.add(value.reveal());
    else if (typeof value === 'object' && value !== null && !seen.has(value)) {
      seen.add(value);
      Object.values(value).forEach(visit);
    }
  };
  visit(config);
  return new Set([...secrets].filter((text) => text !== '' && !/^\w+:\/\//.test(text)));
}

/** The files in which a secret stands in so many words. */
export function filesWithSecrets({ config, values }: Pick<LoadedConfig, 'config' | 'values'>): string[] {
  const secrets = secretsIn(config);
  const files = values.flatMap(({ path, value, source }) => {
    const isFile = source.kind === 'file' || source.kind === 'drop-in';
    if (!isFile || JSON.stringify(value) === JSON.stringify(maskedValue({ path, value }, secrets))) return [];
    return [source.file];
  });
  return [...new Set(files)];
}
