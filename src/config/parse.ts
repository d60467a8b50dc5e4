import * as v from 'valibot';
import { found } from './found.ts';
import { environmentLayer } from './layers/environment-layer.ts';
import { brokenLayer, fileLayer, saysNothing } from './layers/file-layer.ts';
import type { Layer } from './layers/layer.ts';
import { merge } from './layers/merge.ts';
import type { Merged } from './layers/merge.ts';
import type { ValueSource } from './layers/source.ts';
import type { Environment } from './layers/substitution.ts';
import { valuesIn } from './layers/values.ts';
import type { ConfigValue } from './layers/values.ts';
import { ConfigProblems, fileProblem, formatPath, formatProblem, issuePath } from './problems.ts';
import type { ConfigProblem } from './problems.ts';
import { configSchema, type Config } from './schema.ts';

export interface LoadedConfig {
  readonly config: Config;
  /** What was ignored, each as `file:line:column: key: why`. */
  readonly warnings: readonly string[];
  /** The files that were read, the configuration's own first. */
  readonly files: readonly string[];
  /** Every key, with its value as a file would have it. Secrets are not masked. */
  readonly values: readonly ConfigValue[];
  /** By key path, such as `telemetry.inputs[0].name`. */
  readonly sources: ReadonlyMap<string, ValueSource>;
}

/** A file of the configuration: its name in messages, and what is in it. */
export interface ConfigText {
  readonly file: string;
  /** What is wrong with the file itself. */
  readonly text: string | ConfigProblems;
}

export interface ConfigTexts {
  /** The configuration's name in messages. */
  readonly file: string;
  /** Absent where the environment says everything. */
  readonly main: ConfigText | undefined;
  /** In the order in which they are laid over it. */
  readonly dropIns: readonly ConfigText[];
  readonly environment: Environment;
}

/** Reads the text of a config.yaml; `file` is its name in messages. Throws ConfigProblems with everything wrong. */
export function parseConfig(text: string, file: string, environment: Environment = {}): LoadedConfig {
  const substituting = Object.entries(environment).filter(([name]) => !name.startsWith('DPS_AGENT_'));
  return parseLayers({
    file,
    main: { file, text },
    dropIns: [],
    environment: Object.fromEntries(substituting),
  });
}

/** Reads a configuration of several layers, each over the ones before. Throws ConfigProblems with everything wrong. */
export function parseLayers({ file, main, dropIns, environment }: ConfigTexts): LoadedConfig {
  const layers = layersOf(main, dropIns, environment);
  const merged = merge(layers);
  const result = v.safeParse(configSchema, merged.document);
  const isReadable = layers.every(({ document }) => document !== undefined);
  const wrong = isReadable ? (result.issues ?? []).flatMap((issue) => problemOf(issue, merged, file)) : [];
  const files = [main, ...dropIns].flatMap((each) => (each === undefined ? [] : [each.file]));
  const rankOf = (problem: ConfigProblem): number => files.indexOf(problem.file) + 1 || files.length + 1;
  const problems = [...layers.flatMap((layer) => layer.problems), ...wrong].toSorted(
    (a, b) => rankOf(a) - rankOf(b),
  );
  const warnings = layers.flatMap((layer) => layer.warnings);
  if (problems.length > 0 || !result.success) throw new ConfigProblems(file, problems, {}, warnings);
  const idPath = ['provisioning', 'attestation', 'registration_id'];
  const capitals = capitalsIn(result.output).map((message) =>
    problemIn(merged.ownerOf(idPath), file, idPath, message),
  );
  const values = valuesIn(
    configSchema,
    merged.document,
    (path) => merged.ownerOf(path)?.sourceOf(path) ?? { kind: 'default' },
  );
  return {
    config: result.output,
    warnings: [...warnings, ...capitals].map(formatProblem),
    files,
    values,
    sources: new Map(values.map(({ path, source }) => [formatPath(path), source])),
  };
}

function layersOf(
  main: ConfigText | undefined,
  dropIns: readonly ConfigText[],
  environment: Environment,
): Layer[] {
  const used = new Set<string>();
  const read = ({ file, text }: ConfigText, kind: 'file' | 'drop-in'): Layer => {
    try {
      if (text instanceof ConfigProblems) throw text;
      const use = (name: string): unknown => used.add(name);
      return fileLayer({ schema: configSchema, kind, file, text, environment, used: use });
    } catch (error) {
      return brokenLayer(file, error);
    }
  };
  const files = [
    ...(main === undefined ? [] : [read(main, 'file')]),
    ...dropIns
      .filter(({ text }) => text instanceof ConfigProblems || !saysNothing(text))
      .map((dropIn) => read(dropIn, 'drop-in')),
  ];
  const references = new Set(files.flatMap(({ document }) => environmentReferences(document)));
  const isUsed = (name: string): boolean => used.has(name) || references.has(name);
  return [...files, environmentLayer(configSchema, environment, isUsed)];
}

/** The names in `env:NAME`. */
function environmentReferences(document: unknown, depth = 0): string[] {
  if (typeof document === 'string') {
    const name = /^env:(\w+)$/.exec(document)?.[1];
    return name === undefined ? [] : [name];
  }
  if (depth > 20 || typeof document !== 'object' || document === null) return [];
  const inside = Array.isArray(document) ? (document as unknown[]) : Object.values(document);
  return inside.flatMap((value) => environmentReferences(value, depth + 1));
}

function problemOf(issue: v.BaseIssue<unknown>, merged: Merged, file: string): ConfigProblem[] {
  const path = issuePath(issue);
  const owner = merged.ownerOf(path);
  return owner?.isSettled(path) === true ? [] : [problemIn(owner, file, path, issue.message)];
}

/** Of a key that is in no layer at all the place is the configuration as a whole. */
function problemIn(
  owner: Layer | undefined,
  file: string,
  path: ReturnType<typeof issuePath>,
  message: string,
): ConfigProblem {
  return owner?.problemAt(path, message) ?? { ...fileProblem(file, message), path: formatPath(path) };
}

/** IoT Central asks for lower case in device IDs (protocol.md 6); DPS itself does not mind. */
function capitalsIn({ provisioning: { attestation } }: Config): string[] {
  const id = 'registrationId' in attestation ? attestation.registrationId : undefined;
  if (id === undefined || id === id.toLowerCase()) return [];
  return [
    `has capital letters, which DPS takes and IoT Central does not: there write ${found(id.toLowerCase())}`,
  ];
}
