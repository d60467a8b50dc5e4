import * as v from 'valibot';
import type { Proof } from './attestation.ts';
import type { SymmetricKeys } from './keys.ts';
import { expiryMs, isResourceOrBelow, parseSas, verifySas } from './sas.ts';
import { commonNameOf, hasThumbprint, isIssuedUnder, isValidAt, readCertificate } from './x509.ts';

const thumbprint = v.nullable(v.string());

/** A device identity as the service's `PUT /devices/{id}` writes it. What the hub adds is accepted and dropped. */
export const deviceSchema = v.strictObject({
  deviceId: v.optional(v.string()),
  status: v.optional(v.picklist(['enabled', 'disabled']), 'enabled'),
  statusReason: v.optional(v.nullable(v.string())),
  authentication: v.optional(
    v.strictObject({
      type: v.optional(v.picklist(['sas', 'selfSigned', 'certificateAuthority']), 'sas'),
      symmetricKey: v.optional(
        v.nullable(
          v.strictObject({
            primaryKey: v.optional(v.nullable(v.pipe(v.string(), v.base64('must be base64')))),
            secondaryKey: v.optional(v.nullable(v.pipe(v.string(), v.base64('must be base64')))),
          }),
        ),
      ),
      x509Thumbprint: v.optional(
        v.nullable(
          v.strictObject({
            primaryThumbprint: v.optional(thumbprint),
            secondaryThumbprint: v.optional(thumbprint),
          }),
        ),
      ),
    }),
  ),
  generationId: v.optional(v.unknown()),
  etag: v.optional(v.unknown()),
  connectionState: v.optional(v.unknown()),
  connectionStateUpdatedTime: v.optional(v.unknown()),
  statusUpdatedTime: v.optional(v.unknown()),
  lastActivityTime: v.optional(v.unknown()),
  cloudToDeviceMessageCount: v.optional(v.unknown()),
  capabilities: v.optional(v.unknown()),
  deviceScope: v.optional(v.unknown()),
  parentScopes: v.optional(v.unknown()),
});

export type DeviceInput = v.InferInput<typeof deviceSchema>;

export type Authentication =
  | { readonly type: 'sas'; readonly symmetricKey: SymmetricKeys }
  | { readonly type: 'selfSigned'; readonly thumbprints: readonly string[] }
  | { readonly type: 'certificateAuthority' };

export interface DeviceIdentity {
  readonly deviceId: string;
  readonly generationId: string;
  readonly etag: string;
  readonly status: 'enabled' | 'disabled';
  readonly statusReason: string | null;
  readonly statusUpdatedTime: string;
  readonly authentication: Authentication;
}

/** Letters, digits and the specials of protocol.md 2.1, at most 128; case matters. */
export const deviceIdPattern = /^[A-Za-z0-9\-:.+%_#*?!(),=@;$']{1,128}$/;

export interface HubCheck {
  /** Names under which this hub is known, in lower case. */
  readonly hostNames: readonly string[];
  /** PEM of every uploaded CA certificate. */
  readonly authorities: readonly string[];
  readonly now: Date;
  readonly graceMs: number;
}

export type HubVerdict =
  | { readonly accepted: true; readonly method: 'sas' | 'x509'; readonly expiresAtMs: number | undefined }
  | { readonly accepted: false; readonly reason: string };

/** Decides on a CONNECT to a hub (protocol.md 3.1). A device of one kind that comes with the other is refused. */
export function authenticate(
  identity: DeviceIdentity | undefined,
  proof: Proof,
  check: HubCheck,
): HubVerdict {
  if (identity === undefined) return refuse('unknown device');
  if (identity.status === 'disabled') return refuse('the device is disabled');
  const { authentication } = identity;
  if (authentication.type === 'sas')
    return checkToken(identity.deviceId, authentication.symmetricKey, proof, check);
  return checkCertificate(identity.deviceId, authentication, proof, check);
}

function checkToken(deviceId: string, keys: SymmetricKeys, proof: Proof, check: HubCheck): HubVerdict {
  const token = parseSas(proof.password ?? '');
  if (token === undefined) return refuse('no shared access signature');
  if (token.keyName !== undefined && token.keyName !== '') return refuse(`no policy named ${token.keyName}`);
  const verdict = verifySas(token, {
    keys: [keys.primaryKey, keys.secondaryKey],
    accepts: (resource) => isDevicesResource(resource, deviceId, check.hostNames),
    nowMs: check.now.getTime(),
    graceMs: check.graceMs,
  });
  if (verdict !== 'valid') return refuse(verdict);
  return { accepted: true, method: 'sas', expiresAtMs: expiryMs(token) + check.graceMs };
}

/** The host is compared without regard to case, the device ID with it. */
function isDevicesResource(resource: string, deviceId: string, hostNames: readonly string[]): boolean {
  const slash = resource.indexOf('/');
  const host = resource.slice(0, slash).toLowerCase();
  return hostNames.includes(host) && isResourceOrBelow(resource.slice(slash + 1), `devices/${deviceId}`);
}

function checkCertificate(
  deviceId: string,
  authentication: Exclude<Authentication, { type: 'sas' }>,
  { chain, password }: Proof,
  { now, authorities }: HubCheck,
): HubVerdict {
  if (chain === undefined) return refuse('no client certificate');
  if (password !== undefined && password !== '') return refuse('a password with an X.509 device');
  const [leaf] = chain;
  if (!isValidAt(leaf, now)) return refuse('the client certificate is outside its validity period');
  if (authentication.type === 'selfSigned') {
    const known = authentication.thumbprints.some((thumbprint) => hasThumbprint(leaf, thumbprint));
    return known ? byCertificate : refuse('the thumbprint does not match');
  }
  if (commonNameOf(leaf) !== deviceId) return refuse("the certificate's common name is not the device ID");
  const issued = authorities.some((text) => isIssuedUnder(chain, readCertificate(text), now));
  return issued ? byCertificate : refuse('the client certificate is not issued under an uploaded CA');
}

const byCertificate: HubVerdict = { accepted: true, method: 'x509', expiresAtMs: undefined };

function refuse(reason: string): HubVerdict {
  return { accepted: false, reason };
}
