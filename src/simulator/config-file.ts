import { loadAll, YAMLException } from 'js-yaml';
import * as v from 'valibot';
import { ConfigError } from '../lib/errors.ts';
import { describeIssues } from './input.ts';
import { seedSchema } from './seed.ts';

export const scopeIdPattern = /^[A-Za-z0-9]+$/;

const port = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(65535));
const wholeSeconds = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(3600));

/** config/simulator.example.yaml explains every key. */
const configSchema = v.strictObject({
  ...seedSchema.entries,
  scopeId: v.optional(v.pipe(v.string(), v.regex(scopeIdPattern, 'must be letters and digits'))),
  host: v.optional(v.string()),
  publicHost: v.optional(v.string()),
  names: v.optional(v.array(v.string())),
  port: v.optional(port),
  hubs: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(100))),
  controlPort: v.optional(port),
  sasGraceSeconds: v.optional(wholeSeconds),
  retryAfterSeconds: v.optional(wholeSeconds),
  refuseAtConnect: v.optional(v.boolean()),
  sameHubReset: v.optional(v.picklist(['deviceDataReset', 'reprovisionedToInitialAssignment'])),
  maxMessages: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
});

export type SimulatorConfig = v.InferOutput<typeof configSchema>;

/** Reads the text of a configuration file. Throws a ConfigError that says where and what is wrong. */
export function parseSimulatorConfig(text: string, path: string): SimulatorConfig {
  const result = v.safeParse(configSchema, parseYaml(text, path));
  if (result.success) return result.output;
  throw new ConfigError(`cannot use ${path}: ${describeIssues(result.issues)}`);
}

function parseYaml(text: string, path: string): unknown {
  try {
    const [document, ...others] = loadAll(text, { filename: path });
    if (others.length === 0) return document ?? {};
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    throw new ConfigError(`cannot read ${path}: ${error.message}`, { cause: error });
  }
  throw new ConfigError(`cannot use ${path}: it has more than one document`);
}
