import * as v from 'valibot';
import { connectionStringInWords, hubHost, isDeviceId, parseConnectionString } from '../connection-string.ts';
import { field, oneOf, section } from './fields.ts';
import { forms } from './forms.ts';
import { parseFileUri } from './file-uri.ts';
import { expected, quotesHint, type Parsed } from './found.ts';
import {
  identityEntries,
  identityMisfits,
  primaryFiles,
  secondaryFiles,
  type IdentityFiles,
} from './identity-files.ts';
import { checked, fitting } from './misfit.ts';
import { parseSecret, type SecretSource } from './secret-source.ts';

/** The device as its hub knows it, without DPS. */
export type ManualIdentity = ConnectionStringIdentity | ManualX509Identity;

export interface ConnectionStringIdentity {
  readonly method: 'connection_string';
  readonly connectionString: SecretSource;
}

export interface ManualX509Identity {
  readonly method: 'x509';
  /** Host name of the hub, with a port if one was given. */
  readonly hub: string;
  readonly deviceId: string;
  readonly primary: IdentityFiles;
  readonly secondary?: IdentityFiles;
}

/** `device_connection_string`. */
export function parseDeviceConnectionString(input: unknown): Parsed<SecretSource> {
  return parseSecret(input, connectionStringInWords, (text) => {
    const parsed = parseConnectionString(text);
    return 'fault' in parsed ? parsed.fault : undefined;
  });
}

const withKey =
  'is not written here: a device with a key has a device_connection_string; write "x509", or that';

const entries = section({
  method: oneOf(['x509'], { sas: withKey, symmetric_key: withKey }),
  iothub_hostname: field(parseHub, forms.host),
  device_id: field(parseDeviceId, forms.someText),
  identity_cert: v.optional(field(parseFileUri, forms.fileUri)),
  ...identityEntries,
});

/** `authentication`, of source manual with a certificate. */
export const authentication = v.pipe(
  entries,
  fitting(identityMisfits),
  v.transform((input): ManualX509Identity => ({
    method: input.method,
    hub: input.iothub_hostname,
    deviceId: input.device_id,
    primary: primaryFiles(checked(input.identity_cert), checked(input.identity_pk), input),
    ...secondaryFiles(input),
  })),
);

function parseHub(input: unknown): Parsed<string> {
  const what = 'the host name of your hub, such as my-hub.azure-devices.net';
  const hub = typeof input === 'string' ? hubHost(input) : undefined;
  return hub === undefined ? { problem: expected(what, input) } : { value: hub };
}

function parseDeviceId(input: unknown): Parsed<string> {
  const what =
    "the device's ID in the hub, at most 128 letters, digits and - . + % _ # * ? ! ( ) , : = @ $ '";
  if (typeof input !== 'string') return { problem: expected(what, input) + quotesHint(input) };
  return isDeviceId(input) ? { value: input } : { problem: expected(what, input) };
}
