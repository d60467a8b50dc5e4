import * as v from 'valibot';
import { connection } from './connection-schema.ts';
import { field, oneOf, optionalSection, present, section } from './fields.ts';
import { parseAbsolutePath, parseFileUri } from './file-uri.ts';
import { provisioning } from './provisioning-schema.ts';
import { telemetry } from './telemetry-schema.ts';

/** The whole of config.yaml: one definition that is its type, its defaults and its rules. */
export const configSchema = v.pipe(
  section({
    provisioning,
    trust_bundle_cert: v.optional(field(parseFileUri)),
    state_directory: v.optional(field(parseAbsolutePath)),
    connection: optionalSection(connection),
    telemetry: optionalSection(telemetry),
    log: optionalSection(section({ level: v.optional(oneOf(['debug', 'info', 'warn', 'error']), 'info') })),
  }),
  v.transform(({ trust_bundle_cert, state_directory, ...sections }) => ({
    ...sections,
    ...present({ trustBundleCert: trust_bundle_cert, stateDirectory: state_directory }),
  })),
);

/** What the program works with: durations in milliseconds, file URIs as paths, keys as secrets, every default filled in. */
export type Config = v.InferOutput<typeof configSchema>;
