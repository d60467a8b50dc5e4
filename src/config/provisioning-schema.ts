import * as v from 'valibot';
import { attestation, type AttestationConfig } from './attestation-schema.ts';
import { parseEndpoint, type Endpoint } from './endpoint.ts';
import {
  duration,
  field,
  filledIn,
  flag,
  missing,
  oneOf,
  present,
  section,
  text,
  type Preset,
} from './fields.ts';
import { forms } from './forms.ts';
import { expected } from './found.ts';
import { authentication, parseDeviceConnectionString, type ManualIdentity } from './manual-schema.ts';
import { checked, fitting, foreign, type Misfit } from './misfit.ts';
import { payload, type JsonObject } from './payload.ts';

/** Where the device learns which hub is its own. */
export type ProvisioningConfig = DpsProvisioning | ManualProvisioning;

export interface DpsProvisioning {
  readonly source: 'dps';
  readonly globalEndpoint: Endpoint;
  readonly scopeId: string;
  readonly attestation: AttestationConfig;
  readonly payload?: JsonObject;
  readonly dynamicReprovisioning: boolean;
  readonly alwaysReprovisionOnStartup: boolean;
  readonly deadlineMs: number;
}

export interface ManualProvisioning {
  readonly source: 'manual';
  readonly attestation: ManualIdentity;
}

export const scopeId = text(
  'the ID scope of your DPS, letters and digits such as 0ne0012ABCD',
  /^[A-Za-z0-9]+$/,
);

const entries = section({
  source: oneOf(['dps', 'manual'], {
    external: 'is not supported: dps-agent asks DPS itself; write "dps", with scope_id and attestation',
  }),
  scope_id: v.optional(scopeId),
  attestation: v.optional(attestation),
  global_endpoint: filledIn(
    field(parseEndpoint, forms.host),
    ofDps('https://global.azure-devices-provisioning.net'),
  ),
  payload: v.optional(payload),
  dynamic_reprovisioning: filledIn(flag, inTwoKeys(true)),
  always_reprovision_on_startup: filledIn(flag, inTwoKeys(false)),
  auto_reprovisioning_mode: v.optional(oneOf(['Dynamic', 'AlwaysOnStartup', 'OnErrorOnly'])),
  deadline: filledIn(duration('10s', '1h'), ofDps('2m')),
  device_connection_string: v.optional(field(parseDeviceConnectionString, forms.secret)),
  authentication: v.optional(authentication),
});

/**
 * IoT Edge 1.1's `provisioning:` tree, key for key (protocol.md 10.1), some names of 1.2 and later (10.2), and
 * `payload` and `deadline`. One mapping with the keys of every source, so that each value is checked.
 */
export const provisioning = v.pipe(entries, fitting(misfits), v.transform(toProvisioning));

function ofDps(preset: unknown): Preset {
  return ({ source }) => (source === 'dps' ? preset : undefined);
}

/** What `auto_reprovisioning_mode` says in one key. */
function inTwoKeys(preset: boolean): Preset {
  return ({ source, auto_reprovisioning_mode: mode }) =>
    source === 'dps' && mode === undefined ? preset : undefined;
}

const defaultEndpoint: Endpoint = { host: 'global.azure-devices-provisioning.net', port: 8883 };
const defaultDeadlineMs = 120_000;

const manualKeys = ['device_connection_string', 'authentication'];
const dpsKeys = ['scope_id', 'attestation', 'global_endpoint', 'payload', 'deadline'];

function misfits(given: Readonly<Record<string, unknown>>): Misfit[] {
  switch (given['source']) {
    case 'manual':
      return [
        ...manualMisfits(given),
        ...foreign(given, ['source', 'manual', 'dps'], dpsKeys),
        ...twoSpellings(given),
      ];
    case 'dps':
      return [
        ...dpsMisfits(given),
        ...foreign(given, ['source', 'dps', 'manual'], manualKeys),
        ...twoSpellings(given),
      ];
    case undefined:
      return manualKeys.some((key) => key in given) ? [] : dpsMisfits(given);
    default:
      return [];
  }
}

function dpsMisfits(given: Readonly<Record<string, unknown>>): Misfit[] {
  const needed = [
    { key: 'scope_id', message: missing(scopeId) },
    { key: 'attestation', message: missing(attestation) },
  ];
  return needed.filter(({ key }) => !(key in given));
}

function manualMisfits(given: Readonly<Record<string, unknown>>): Misfit[] {
  const count = manualKeys.filter((key) => key in given).length;
  if (count === 1) return [];
  const what = 'device_connection_string, or authentication with a certificate';
  return count === 0
    ? [{ key: 'device_connection_string', message: expected(what, undefined) }]
    : [{ key: 'authentication', message: `expected either ${what}, found both: remove one` }];
}

/** IoT Edge 1.2 and later say in one key what 1.1 says in two. */
function twoSpellings(given: Readonly<Record<string, unknown>>): Misfit[] {
  if (!('auto_reprovisioning_mode' in given)) return [];
  const others = ['dynamic_reprovisioning', 'always_reprovision_on_startup'].filter((key) => key in given);
  if (others.length === 0) return [];
  const message = `says the same as ${others.join(' and ')} in other words, found too: remove one`;
  return [{ key: 'auto_reprovisioning_mode', message }];
}

type Input = v.InferOutput<typeof entries>;

function toProvisioning(input: Input): ProvisioningConfig {
  switch (input.source) {
    case 'manual':
      return { source: input.source, attestation: manualIdentity(input) };
    case 'dps':
      return {
        source: input.source,
        globalEndpoint: input.global_endpoint ?? defaultEndpoint,
        scopeId: checked(input.scope_id),
        attestation: checked(input.attestation),
        ...present({ payload: input.payload }),
        ...reprovisioning(input),
        deadlineMs: input.deadline ?? defaultDeadlineMs,
      };
  }
}

function manualIdentity(input: Input): ManualIdentity {
  const { device_connection_string: connectionString } = input;
  if (connectionString === undefined) return checked(input.authentication);
  return { method: 'connection_string', connectionString };
}

function reprovisioning(
  input: Input,
): Pick<DpsProvisioning, 'dynamicReprovisioning' | 'alwaysReprovisionOnStartup'> {
  const mode = input.auto_reprovisioning_mode;
  return {
    dynamicReprovisioning:
      mode === undefined ? (input.dynamic_reprovisioning ?? true) : mode !== 'OnErrorOnly',
    alwaysReprovisionOnStartup:
      mode === undefined ? (input.always_reprovision_on_startup ?? false) : mode === 'AlwaysOnStartup',
  };
}
