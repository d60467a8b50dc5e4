import { createHmac, timingSafeEqual } from 'node:crypto';

/** A shared access signature taken apart; `resource` and `expiry` are the literal text, because that is signed. */
export interface SasToken {
  readonly resource: string;
  readonly signature: string;
  readonly expiry: string;
  /** `undefined` when absent; some clients send it empty. */
  readonly keyName: string | undefined;
}

export interface SasCheck {
  /** Base64 keys, any of which may have signed. */
  readonly keys: readonly string[];
  /** Whether the token's resource, percent-decoded, is the one asked for. */
  readonly accepts: (resource: string) => boolean;
  readonly nowMs: number;
  /** How long after its expiry a token still passes. */
  readonly graceMs: number;
}

export type SasVerdict = 'valid' | 'wrong resource' | 'wrong signature' | 'expired';

const scheme = 'SharedAccessSignature ';

/** Fields may come in any order (protocol.md 1.3). `undefined` when it is no token or a field is missing. */
export function parseSas(text: string): SasToken | undefined {
  if (!text.startsWith(scheme)) return undefined;
  const fields = new Map(text.slice(scheme.length).split('&').map(splitField));
  const resource = fields.get('sr');
  const signature = decode(fields.get('sig') ?? '');
  const expiry = fields.get('se');
  if (resource === undefined || signature === undefined || expiry === undefined) return undefined;
  if (signature === '' || !/^\d{1,12}$/.test(expiry)) return undefined;
  return { resource, signature, expiry, keyName: fields.get('skn') };
}

/** The signature covers `sr` exactly as it was sent, encoded or not; the resource is compared decoded. */
export function verifySas(token: SasToken, check: SasCheck): SasVerdict {
  const resource = decode(token.resource);
  if (resource === undefined || !check.accepts(resource)) return 'wrong resource';
  if (!check.keys.some((key) => isSignedBy(token, key))) return 'wrong signature';
  if (expiryMs(token) + check.graceMs <= check.nowMs) return 'expired';
  return 'valid';
}

export function expiryMs(token: SasToken): number {
  return Number(token.expiry) * 1000;
}

/** Whether `resource` is `wanted` or lies under it, segment by segment: `/a/b` covers `/a/b/c`, not `/a/bc`. */
export function isResourceOrBelow(resource: string, wanted: string): boolean {
  return resource === wanted || resource.startsWith(`${wanted}/`);
}

function isSignedBy(token: SasToken, key: string): boolean {
  const expected = createHmac('sha256', Buffer.from(key, 'base64'))
    .update(`${token.resource}\n${token.expiry}`)
    .digest();
  const given = Buffer.from(token.signature, 'base64');
  return given.length === expected.length && timingSafeEqual(given, expected);
}

function splitField(field: string): readonly [string, string] {
  const equals = field.indexOf('=');
  return equals < 0 ? [field, ''] : [field.slice(0, equals), field.slice(equals + 1)];
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
