import type { X509Certificate } from 'node:crypto';
import type { Enrollment, EnrollmentGroup, X509Attestation } from './enrollment.ts';
import { deriveDeviceKeys } from './keys.ts';
import type { SymmetricKeys } from './keys.ts';
import { parseSas, verifySas } from './sas.ts';
import { commonNameOf, hasThumbprint, isValidAt, linksTo, readCertificate } from './x509.ts';
import type { PresentedChain } from './x509.ts';

/** What a device brought to prove who it is: the CONNECT's password, the handshake's certificates. */
export interface Proof {
  readonly password: string | undefined;
  readonly chain: PresentedChain | undefined;
}

export interface Claim {
  readonly scopeId: string;
  readonly registrationId: string;
  readonly proof: Proof;
}

/** The entries a claim is judged by. */
export interface Entries {
  readonly individual: Enrollment | undefined;
  readonly groups: readonly EnrollmentGroup[];
  /** An uploaded CA certificate (PEM) by the name a `caReferences` entry uses. */
  readonly authority: (name: string) => string | undefined;
}

export interface AttestationSettings {
  readonly now: Date;
  readonly graceMs: number;
}

export type Attested =
  | { readonly kind: 'individual'; readonly entry: Enrollment; readonly keys: SymmetricKeys | undefined }
  | { readonly kind: 'group'; readonly entry: EnrollmentGroup; readonly keys: SymmetricKeys | undefined }
  | { readonly kind: 'refused'; readonly reason: string };

/**
 * Finds the entry that vouches for a device. An individual entry is looked up first and blocks the groups: one that
 * is disabled keeps a single group member out, even though its own key differs (protocol.md 2.7).
 */
export function attest(claim: Claim, entries: Entries, settings: AttestationSettings): Attested {
  const { individual, groups } = entries;
  if (individual !== undefined) {
    const verdict = vouches(individual, individualKeys(individual), claim, entries, settings);
    if (verdict === undefined)
      return { kind: 'individual', entry: individual, keys: individualKeys(individual) };
    const inGroup = attest(claim, { ...entries, individual: undefined }, settings);
    const blocked = individual.provisioningStatus === 'disabled' && inGroup.kind === 'group';
    return blocked
      ? { kind: 'individual', entry: individual, keys: undefined }
      : { kind: 'refused', reason: verdict };
  }
  const reasons = new Set<string>();
  for (const entry of nearestFirst(groups, claim, entries, settings.now)) {
    for (const keys of groupKeys(entry, claim.registrationId)) {
      const verdict = vouches(entry, keys, claim, entries, settings);
      if (verdict === undefined) return { kind: 'group', entry, keys };
      reasons.add(verdict);
    }
  }
  return { kind: 'refused', reason: [...reasons].join('; ') || 'no enrollment for this registration ID' };
}

/** A chain is judged by the first enrolled CA on the way up from its leaf, and by no other (protocol.md 2.3). */
function nearestFirst(
  groups: readonly EnrollmentGroup[],
  { proof: { chain } }: Claim,
  entries: Entries,
  now: Date,
): readonly EnrollmentGroup[] {
  if (chain === undefined) return groups;
  const links = new Map(
    groups.map((group) => {
      const { attestation } = group;
      const authorities = attestation.type === 'x509' ? authoritiesOf(attestation.x509, entries) : [];
      const each = authorities.map((authority) => linksTo(authority, chain, now) ?? Infinity);
      return [group, Math.min(Number.MAX_SAFE_INTEGER, ...each)];
    }),
  );
  return groups.toSorted((a, b) => (links.get(a) ?? 0) - (links.get(b) ?? 0));
}

/** `undefined` when the entry accepts the proof, otherwise why not. */
function vouches(
  entry: Enrollment | EnrollmentGroup,
  keys: SymmetricKeys | undefined,
  claim: Claim,
  entries: Entries,
  settings: AttestationSettings,
): string | undefined {
  if (entry.attestation.type === 'symmetricKey') return checkToken(keys, claim, settings);
  return checkChain(entry.attestation.x509, claim, entries, settings.now);
}

function checkToken(
  keys: SymmetricKeys | undefined,
  claim: Claim,
  { now, graceMs }: AttestationSettings,
): string | undefined {
  const token = parseSas(claim.proof.password ?? '');
  if (token === undefined) return 'no shared access signature';
  if (token.keyName !== 'registration') return 'skn is not "registration"';
  const wanted = `${claim.scopeId}/registrations/${claim.registrationId}`.toLowerCase();
  const verdict = verifySas(token, {
    keys: keys === undefined ? [] : [keys.primaryKey, keys.secondaryKey],
    accepts: (resource) => resource.toLowerCase() === wanted,
    nowMs: now.getTime(),
    graceMs,
  });
  return verdict === 'valid' ? undefined : verdict;
}

function checkChain(x509: X509Attestation, claim: Claim, entries: Entries, now: Date): string | undefined {
  const { chain } = claim.proof;
  if (chain === undefined) return 'no client certificate';
  if (!isValidAt(chain[0], now)) return 'the client certificate is outside its validity period';
  if (commonNameOf(chain[0])?.toLowerCase() !== claim.registrationId.toLowerCase()) {
    return "the client certificate's common name is not the registration ID";
  }
  const isClient = enrolled(x509.clientCertificates).some((certificate) => isThisOne(chain, certificate));
  if (isClient) return undefined;
  const issued = authoritiesOf(x509, entries).some(
    (authority) => linksTo(authority, chain, now) !== undefined,
  );
  return issued ? undefined : 'the client certificate is neither enrolled nor issued under an enrolled CA';
}

function authoritiesOf(x509: X509Attestation, entries: Entries): X509Certificate[] {
  return [
    ...enrolled(x509.signingCertificates).map((entry) => entry.certificate ?? undefined),
    ...enrolled(x509.caReferences).map((name) => entries.authority(name)),
  ]
    .filter((text) => text !== undefined)
    .map((text) => readCertificate(text));
}

type EnrolledCertificate = NonNullable<NonNullable<X509Attestation['clientCertificates']>['primary']>;

function isThisOne([leaf]: PresentedChain, { certificate, info }: EnrolledCertificate): boolean {
  if (typeof certificate === 'string') return readCertificate(certificate).raw.equals(leaf.raw);
  const thumbprints = [info?.sha1Thumbprint, info?.sha256Thumbprint];
  return thumbprints.some((thumbprint) => thumbprint !== undefined && hasThumbprint(leaf, thumbprint));
}

function enrolled<Item>(
  pair:
    | { readonly primary?: Item | null | undefined; readonly secondary?: Item | null | undefined }
    | null
    | undefined,
): Item[] {
  return [pair?.primary, pair?.secondary].filter((item) => item !== undefined && item !== null);
}

function individualKeys({ attestation }: Enrollment): SymmetricKeys | undefined {
  return attestation.type === 'symmetricKey' ? completeKeys(attestation.symmetricKey) : undefined;
}

/** Derived over the ID as presented and, since DPS takes IDs without regard to case, over its lower-case form. */
function groupKeys({ attestation }: EnrollmentGroup, registrationId: string): (SymmetricKeys | undefined)[] {
  if (attestation.type !== 'symmetricKey') return [undefined];
  const keys = completeKeys(attestation.symmetricKey);
  if (keys === undefined) return [];
  return [...new Set([registrationId, registrationId.toLowerCase()])].map((id) => deriveDeviceKeys(keys, id));
}

function completeKeys(
  keys: { readonly primaryKey?: string | undefined; readonly secondaryKey?: string | undefined } | undefined,
): SymmetricKeys | undefined {
  if (keys?.primaryKey === undefined || keys.secondaryKey === undefined) return undefined;
  return { primaryKey: keys.primaryKey, secondaryKey: keys.secondaryKey };
}
