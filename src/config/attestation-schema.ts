import * as v from 'valibot';
import type { Secret } from '../lib/secret.ts';
import { field, oneOf, pathTo, present, section } from './fields.ts';
import { parseFileUri } from './file-uri.ts';
import { expected, isMapping } from './found.ts';
import { longestX509RegistrationId, parseRegistrationId, tooLong } from './registration-id.ts';
import { parseSymmetricKey } from './symmetric-key.ts';

/** How the device proves who it is. */
export type AttestationConfig = SymmetricKeyAttestation | X509Attestation;

export interface SymmetricKeyAttestation {
  readonly method: 'symmetric_key';
  readonly registrationId: string;
  /** `group`: the key of an enrollment group, from which the device's own is derived (protocol.md 2.2). */
  readonly key: { readonly kind: 'device' | 'group'; readonly value: Secret };
}

export interface X509Attestation {
  readonly method: 'x509';
  /** Absent: the common name of the certificate. */
  readonly registrationId?: string;
  /** Path of the PEM file with the device's certificate and its chain. */
  readonly identityCert: string;
  /** Path of the PEM file with its private key. */
  readonly identityPk: string;
}

const entries = section({
  method: oneOf(['symmetric_key', 'x509'], {
    tpm: 'is not supported: a TPM cannot attest over MQTT; write "symmetric_key" or "x509"',
  }),
  registration_id: v.optional(field(parseRegistrationId)),
  symmetric_key: v.optional(field(parseSymmetricKey)),
  group_key: v.optional(field(parseSymmetricKey)),
  identity_cert: v.optional(field(parseFileUri)),
  identity_pk: v.optional(field(parseFileUri)),
});

/**
 * One mapping with the keys of every method, so that each value is checked whatever the method is; which keys go
 * together is checked beside that, not after it, so that everything is reported at once.
 */
export const attestation = v.pipe(
  entries,
  v.rawCheck(({ dataset, addIssue }) => {
    const given: unknown = dataset.value;
    if (!isMapping(given)) return;
    for (const { key, message } of misfits(given)) addIssue({ message, path: pathTo(key) });
  }),
  v.transform(toAttestation),
);

interface Misfit {
  readonly key: string;
  readonly message: string;
}

function misfits(given: Record<string, unknown>): Misfit[] {
  if (given['method'] === 'symmetric_key') {
    return [...symmetricKeyMisfits(given), ...foreign(given, 'symmetric_key', 'x509', x509Keys)];
  }
  if (given['method'] === 'x509') {
    return [...x509Misfits(given), ...foreign(given, 'x509', 'symmetric_key', symmetricKeys)];
  }
  return [];
}

const symmetricKeys = ['symmetric_key', 'group_key'];
const x509Keys = ['identity_cert', 'identity_pk'];

function symmetricKeyMisfits(given: Record<string, unknown>): Misfit[] {
  const found: Misfit[] = [];
  if (!('registration_id' in given)) found.push(missing('registration_id', parseRegistrationId));
  if (!('symmetric_key' in given) && !('group_key' in given)) {
    found.push({
      key: 'symmetric_key',
      message: expected(
        "symmetric_key, this device's own key, or group_key, its enrollment group's",
        undefined,
      ),
    });
  }
  if ('symmetric_key' in given && 'group_key' in given) {
    found.push({
      key: 'group_key',
      message: 'expected either symmetric_key or group_key, found both: remove one',
    });
  }
  return found;
}

function x509Misfits(given: Record<string, unknown>): Misfit[] {
  const found = x509Keys.filter((key) => !(key in given)).map((key) => missing(key, parseFileUri));
  const id = given['registration_id'];
  if (typeof id === 'string' && id.length > longestX509RegistrationId) {
    const problem = `expected the common name of the certificate: ${tooLong(id.length, longestX509RegistrationId)}`;
    found.push({ key: 'registration_id', message: problem });
  }
  return found;
}

function foreign(
  given: Record<string, unknown>,
  method: string,
  owner: string,
  keys: readonly string[],
): Misfit[] {
  return keys
    .filter((key) => key in given)
    .map((key) => ({ key, message: `belongs to method ${owner}, but method is ${method}: remove it` }));
}

function missing(key: string, parse: (input: unknown) => { problem: string } | object): Misfit {
  const parsed = parse(undefined);
  return { key, message: 'problem' in parsed ? parsed.problem : expected(key, undefined) };
}

function toAttestation(input: v.InferOutput<typeof entries>): AttestationConfig {
  switch (input.method) {
    case 'symmetric_key':
      return { method: input.method, registrationId: checked(input.registration_id), key: keyOf(input) };
    case 'x509':
      return {
        method: input.method,
        ...present({ registrationId: input.registration_id }),
        identityCert: checked(input.identity_cert),
        identityPk: checked(input.identity_pk),
      };
  }
}

function keyOf(input: v.InferOutput<typeof entries>): SymmetricKeyAttestation['key'] {
  if (input.group_key !== undefined) return { kind: 'group', value: input.group_key };
  return { kind: 'device', value: checked(input.symmetric_key) };
}

/** `misfits` has reported every key that is missing, and nothing is transformed after a report. */
function checked<T>(value: T | undefined): T {
  if (value === undefined)
    throw new Error('cannot read attestation: a key that its method needs was not checked');
  return value;
}
