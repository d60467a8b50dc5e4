import * as v from 'valibot';
import { found } from './found.ts';
import type { KeyPath, Position } from './positions.ts';
import { ConfigProblems, formatPath, formatProblem, issuePath, type ConfigProblem } from './problems.ts';
import { configSchema, type Config } from './schema.ts';
import { checkSpelling } from './spelling.ts';
import { readYaml } from './yaml.ts';

export interface LoadedConfig {
  readonly config: Config;
  /** What was ignored, each as `file:line:column: key: why`. */
  readonly warnings: readonly string[];
}

/** Reads the text of a config.yaml; `file` is its name in messages. Throws ConfigProblems with everything wrong. */
export function parseConfig(text: string, file: string): LoadedConfig {
  const { content, positions } = readYaml(text.replace(/^\uFEFF/, ''), file);
  const spelling = checkSpelling(configSchema, content);
  const result = v.safeParse(configSchema, spelling.document);

  const at = (position: Position, path: KeyPath, message: string): ConfigProblem => ({
    file,
    ...position,
    path: formatPath(path),
    message,
  });
  const duplicates = positions.duplicates.map(({ path, at: position, first }) =>
    at(position, path, `duplicate key: it is already on line ${first.line}`),
  );
  const unknown = spelling.unknown.map(({ path, message }) => at(positions.ofKey(path), path, message));
  const wrong = (result.issues ?? [])
    .map((issue) => ({ path: issuePath(issue), message: issue.message }))
    // Of a misspelt key only the spelling is reported: its value may be meant for another key, and be secret.
    .filter(({ path }) => !spelling.isMisspelt(path))
    .map(({ path, message }) => {
      const inFile = spelling.original(path);
      return at(positions.of(inFile), inFile, message);
    });

  const problems = [...duplicates, ...unknown, ...wrong];
  if (problems.length > 0 || !result.success) throw new ConfigProblems(file, problems);
  const ignored = spelling.ignored.map(({ path, message }) => at(positions.ofKey(path), path, message));
  const capitals = capitalsIn(result.output).map((message) => {
    const path = ['provisioning', 'attestation', 'registration_id'];
    return at(positions.of(path), path, message);
  });
  return { config: result.output, warnings: [...ignored, ...capitals].map(formatProblem) };
}

/** IoT Central asks for lower case in device IDs (protocol.md 6); DPS itself does not mind. */
function capitalsIn({ provisioning: { attestation } }: Config): string[] {
  const id = 'registrationId' in attestation ? attestation.registrationId : undefined;
  if (id === undefined || id === id.toLowerCase()) return [];
  return [
    `has capital letters, which DPS takes and IoT Central does not: there write ${found(id.toLowerCase())}`,
  ];
}
