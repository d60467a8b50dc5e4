import * as v from 'valibot';
import { est, type EstIdentity } from './est-schema.ts';
import { field, missing, oneOf, present, section, textOrMapping } from './fields.ts';
import { forms } from './forms.ts';
import { parseFileUri } from './file-uri.ts';
import { expected, isMapping } from './found.ts';
import {
  identityEntries,
  identityKeys,
  identityMisfits,
  primaryFiles,
  secondaryFiles,
  secondaryMisfits,
  type IdentityFiles,
} from './identity-files.ts';
import { checked, fitting, foreign, type Misfit } from './misfit.ts';
import { longestX509RegistrationId, parseRegistrationId, tooLong } from './registration-id.ts';
import type { SecretSource } from './secret-source.ts';
import { parseSymmetricKey } from './symmetric-key.ts';

/** How the device proves to DPS who it is. */
export type AttestationConfig = SymmetricKeyAttestation | X509Attestation;

export interface SymmetricKeyAttestation {
  readonly method: 'symmetric_key';
  readonly registrationId: string;
  readonly keys: {
    /** `group`: those of an enrollment group, from which the device's own are derived (protocol.md 2.2). */
    readonly kind: 'device' | 'group';
    readonly primary: SecretSource;
    readonly secondary?: SecretSource;
  };
}

export interface X509Attestation {
  readonly method: 'x509';
  /** Absent: the common name of the certificate. */
  readonly registrationId?: string;
  /** `est`: the agent keeps certificate and key in its state directory. */
  readonly primary: IdentityFiles | EstIdentity;
  readonly secondary?: IdentityFiles;
}

const registrationId = field(parseRegistrationId, forms.registrationId);

const entries = section({
  method: oneOf(['symmetric_key', 'x509'], {
    tpm: 'is not supported: a TPM cannot attest over MQTT; write "symmetric_key" or "x509"',
  }),
  registration_id: v.optional(registrationId),
  symmetric_key: v.optional(field(parseSymmetricKey, forms.secret)),
  secondary_symmetric_key: v.optional(field(parseSymmetricKey, forms.secret)),
  group_key: v.optional(field(parseSymmetricKey, forms.secret)),
  secondary_group_key: v.optional(field(parseSymmetricKey, forms.secret)),
  identity_cert: v.optional(textOrMapping(parseFileUri, forms.fileUri, est)),
  ...identityEntries,
});

/** One mapping with the keys of every method, so that each value is checked whatever the method is. */
export const attestation = v.pipe(entries, fitting(misfits), v.transform(toAttestation));

function misfits(given: Readonly<Record<string, unknown>>): Misfit[] {
  if (given['method'] === 'symmetric_key') {
    return [
      ...symmetricKeyMisfits(given),
      ...foreign(given, ['method', 'symmetric_key', 'x509'], identityKeys),
    ];
  }
  if (given['method'] === 'x509') {
    return [...x509Misfits(given), ...foreign(given, ['method', 'x509', 'symmetric_key'], symmetricKeys)];
  }
  return [];
}

const symmetricKeys = ['symmetric_key', 'secondary_symmetric_key', 'group_key', 'secondary_group_key'];

function symmetricKeyMisfits(given: Readonly<Record<string, unknown>>): Misfit[] {
  const found: Misfit[] = [];
  if (!('registration_id' in given)) found.push({ key: 'registration_id', message: missing(registrationId) });
  if (!('symmetric_key' in given) && !('group_key' in given)) {
    const message = "symmetric_key, this device's own key, or group_key, its enrollment group's";
    found.push({ key: 'symmetric_key', message: expected(message, undefined) });
  }
  if ('symmetric_key' in given && 'group_key' in given) {
    const message = 'expected either symmetric_key or group_key, found both: remove one';
    found.push({ key: 'group_key', message });
  }
  return [...found, ...lonely(given, 'symmetric_key'), ...lonely(given, 'group_key')];
}

/** A second key is one of the same enrollment as the first. */
function lonely(given: Readonly<Record<string, unknown>>, first: string): Misfit[] {
  const second = `secondary_${first}`;
  if (!(second in given) || first in given) return [];
  return [{ key: second, message: `goes beside ${first}, which is not there` }];
}

function x509Misfits(given: Readonly<Record<string, unknown>>): Misfit[] {
  const isEst = isMapping(given['identity_cert']);
  const found = isEst ? estMisfits(given) : identityMisfits(given);
  const id = given['registration_id'];
  if (typeof id === 'string' && id.length > longestX509RegistrationId) {
    const problem = `expected the common name of the certificate: ${tooLong(id.length, longestX509RegistrationId)}`;
    found.push({ key: 'registration_id', message: problem });
  }
  return found;
}

function estMisfits(given: Readonly<Record<string, unknown>>): Misfit[] {
  const found = ['identity_pk', 'identity_pk_passphrase'].filter((key) => key in given);
  const message = 'by EST the agent makes its key itself, without a passphrase: remove it';
  return [...found.map((key) => ({ key, message })), ...estNameMisfits(given), ...secondaryMisfits(given)];
}

/** By EST there is no certificate yet to take the name from. */
function estNameMisfits(given: Readonly<Record<string, unknown>>): Misfit[] {
  const id = given['registration_id'];
  const name = commonNameOf(given['identity_cert']);
  if (id === undefined && name === undefined) {
    const message = 'registration_id, or common_name in identity_cert: the certificate is yet to be made';
    return [{ key: 'registration_id', message: expected(message, undefined) }];
  }
  if (typeof id !== 'string' || name === undefined || id.toLowerCase() === name.toLowerCase()) return [];
  const message = 'expected the same name as common_name in identity_cert has: DPS goes by the certificate';
  return [{ key: 'registration_id', message }];
}

/** Before and after the mapping is transformed: which of the two is at hand depends on whether it was valid. */
function commonNameOf(identityCert: unknown): string | undefined {
  if (!isMapping(identityCert)) return undefined;
  const settings = identityCert['settings'];
  const name = isMapping(settings) ? settings['commonName'] : identityCert['common_name'];
  return typeof name === 'string' && name !== '' ? name : undefined;
}

function toAttestation(input: v.InferOutput<typeof entries>): AttestationConfig {
  switch (input.method) {
    case 'symmetric_key':
      return { method: input.method, registrationId: checked(input.registration_id), keys: keysOf(input) };
    case 'x509':
      return {
        method: input.method,
        ...present({ registrationId: input.registration_id }),
        primary: primaryOf(input),
        ...secondaryFiles(input),
      };
  }
}

function keysOf(input: v.InferOutput<typeof entries>): SymmetricKeyAttestation['keys'] {
  if (input.group_key !== undefined) {
    return { kind: 'group', primary: input.group_key, ...present({ secondary: input.secondary_group_key }) };
  }
  const secondary = present({ secondary: input.secondary_symmetric_key });
  return { kind: 'device', primary: checked(input.symmetric_key), ...secondary };
}

function primaryOf(input: v.InferOutput<typeof entries>): IdentityFiles | EstIdentity {
  const identity = checked(input.identity_cert);
  if (typeof identity !== 'string') return identity;
  return primaryFiles(identity, checked(input.identity_pk), input);
}
