import * as v from 'valibot';
import { commands } from './commands-schema.ts';
import { connection } from './connection-schema.ts';
import { duration, field, optionalSection, present, section } from './fields.ts';
import { forms } from './forms.ts';
import { parseAbsolutePath, parseFileUri } from './file-uri.ts';
import { expected, type Parsed } from './found.ts';
import { localApi } from './local-api-schema.ts';
import { log } from './log-schema.ts';
import { currentVersion } from './migrate/migrations.ts';
import { methods } from './methods-schema.ts';
import { onMessage } from './messages-schema.ts';
import { provisioning } from './provisioning-schema.ts';
import { parseNoProxy, parseProxy } from './proxy.ts';
import { telemetry } from './telemetry-schema.ts';

const network = v.pipe(
  section({ address_family_timeout: v.optional(duration('250ms', '1m'), '5s') }),
  v.transform((input) => ({ addressFamilyTimeoutMs: input.address_family_timeout })),
);

const clock = v.pipe(
  section({ wait_for_sync: v.optional(duration('0s', '1h'), '60s') }),
  v.transform((input) => ({ waitForSyncMs: input.wait_for_sync })),
);

const reporting = v.pipe(
  section({ interval: v.optional(duration('5s', '1d'), '60s') }),
  v.transform((input) => ({ intervalMs: input.interval })),
);

const settings = v.pipe(
  section({ confirm: v.optional(duration('5s', '1d'), '5m') }),
  v.transform((input) => ({ confirmMs: input.confirm })),
);

/** The whole of config.yaml: one definition that is its type, its defaults and its rules. */
export const configSchema = v.pipe(
  section({
    version: v.optional(field(parseVersion, { type: 'integer', minimum: 1, maximum: currentVersion }), 1),
    provisioning,
    trust_bundle_cert: v.optional(field(parseFileUri, forms.fileUri)),
    state_directory: v.optional(field(parseAbsolutePath, forms.absolutePath)),
    proxy: v.optional(field(parseProxy, forms.secret)),
    no_proxy: v.optional(field(parseNoProxy, forms.hosts), []),
    network: optionalSection(network),
    clock: optionalSection(clock),
    connection: optionalSection(connection),
    telemetry: optionalSection(telemetry),
    reporting: optionalSection(reporting),
    settings: optionalSection(settings),
    on_message: v.nullish(onMessage, []),
    local_api: optionalSection(localApi),
    methods: optionalSection(methods),
    commands: v.nullish(commands, []),
    log: optionalSection(log),
  }),
  v.transform(
    ({
      version: _version,
      trust_bundle_cert,
      state_directory,
      no_proxy,
      proxy,
      local_api,
      on_message,
      ...sections
    }) => ({
      ...sections,
      noProxy: no_proxy,
      localApi: local_api,
      onMessage: on_message,
      ...present({ proxy, trustBundleCert: trust_bundle_cert, stateDirectory: state_directory }),
    }),
  ),
);

/**
 * What the program works with: durations in milliseconds, file URIs as paths, secrets wrapped or as the place where
 * they stand, every default filled in.
 */
export type Config = v.InferOutput<typeof configSchema>;

function parseVersion(input: unknown): Parsed<number> {
  if (typeof input !== 'number' || !Number.isInteger(input) || input < 1)
    return { problem: expected(`the version of the configuration, ${currentVersion}`, input) };
  if (input <= currentVersion) return { value: input };
  return {
    problem: `expected at most version ${currentVersion}, found ${input}: install the newer dps-agent that it is for, or restore the copy that config migrate left beside it`,
  };
}
