import * as v from 'valibot';
import { field, missing, present } from './fields.ts';
import { forms } from './forms.ts';
import { parseFileUri } from './file-uri.ts';
import type { Misfit } from './misfit.ts';
import { secretText, type SecretSource } from './secret-source.ts';

/** A certificate and its key in files of the operator. */
export interface IdentityFiles {
  readonly kind: 'files';
  /** Path of the PEM file with the device's certificate and its chain. */
  readonly certificate: string;
  /** Path of the PEM file with its private key. */
  readonly privateKey: string;
  /** Decrypts the private key. */
  readonly passphrase?: SecretSource;
}

const path = field(parseFileUri, forms.fileUri);
const passphrase = secretText('the passphrase of a private key');

/** What belongs to `identity_cert`, and the second pair beside it. */
export const identityEntries = {
  identity_pk: v.optional(path),
  identity_pk_passphrase: v.optional(passphrase),
  secondary_identity_cert: v.optional(path),
  secondary_identity_pk: v.optional(path),
  secondary_identity_pk_passphrase: v.optional(passphrase),
};

export const identityKeys = ['identity_cert', ...Object.keys(identityEntries)];

/** What does not fit, when the first pair is in files. */
export function identityMisfits(given: Readonly<Record<string, unknown>>): Misfit[] {
  const lacking = ['identity_cert', 'identity_pk'].filter((key) => !(key in given));
  return [...lacking.map((key) => ({ key, message: missing(path) })), ...secondaryMisfits(given)];
}

/** A second pair is whole or not there at all. */
export function secondaryMisfits(given: Readonly<Record<string, unknown>>): Misfit[] {
  const pair = ['secondary_identity_cert', 'secondary_identity_pk'];
  const all = [...pair, 'secondary_identity_pk_passphrase'];
  if (!all.some((key) => key in given)) return [];
  return pair.filter((key) => !(key in given)).map((key) => ({ key, message: missing(path) }));
}

export interface IdentityInput {
  readonly identity_pk?: string | undefined;
  readonly identity_pk_passphrase?: SecretSource | undefined;
  readonly secondary_identity_cert?: string | undefined;
  readonly secondary_identity_pk?: string | undefined;
  readonly secondary_identity_pk_passphrase?: SecretSource | undefined;
}

/** The pair that `certificate` is of. */
export function primaryFiles(certificate: string, privateKey: string, input: IdentityInput): IdentityFiles {
  return { kind: 'files', certificate, privateKey, ...present({ passphrase: input.identity_pk_passphrase }) };
}

/** `{ secondary }`, or nothing where there is no second pair. */
export function secondaryFiles(input: IdentityInput): { readonly secondary?: IdentityFiles } {
  const { secondary_identity_cert: certificate, secondary_identity_pk: privateKey } = input;
  if (certificate === undefined || privateKey === undefined) return {};
  const rest = present({ passphrase: input.secondary_identity_pk_passphrase });
  return { secondary: { kind: 'files', certificate, privateKey, ...rest } };
}
