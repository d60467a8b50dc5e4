import type * as v from 'valibot';
import type { KeyPath, Positions } from '../positions.ts';
import { formatPath, ConfigProblems } from '../problems.ts';
import type { ConfigProblem } from '../problems.ts';
import { checkSpelling } from '../spelling.ts';
import { readYaml } from '../yaml.ts';
import { pathId } from './layer.ts';
import type { Layer } from './layer.ts';
import { asTaken, schemaAt } from './schema-at.ts';
import { substitute } from './substitution.ts';
import type { Environment } from './substitution.ts';

export interface FileLayerOptions {
  readonly schema: v.GenericSchema;
  readonly kind: 'file' | 'drop-in';
  /** Its name in messages. */
  readonly file: string;
  readonly text: string;
  readonly environment: Environment;
  readonly used: (name: string) => void;
}

/** One file of YAML: its spelling checked, variables put in. Throws ConfigProblems when it is no YAML. */
export function fileLayer({ schema, kind, file, text, environment, used }: FileLayerOptions): Layer {
  const { content, positions } = readYaml(text.replace(/^\uFEFF/, ''), file);
  const spelling = checkSpelling(schema, content);
  const at = (path: KeyPath, message: string, position = positions.of(path)): ConfigProblem => ({
    file,
    ...position,
    path: formatPath(path),
    message,
  });
  const refused = new Map<string, ConfigProblem>();
  const document = substitute(spelling.document, {
    environment,
    used,
    read: (path, value) => asTaken(schemaAt(schema, spelling.document, path), value),
    refuse: (path, message) => refused.set(pathId(path), at(spelling.original(path), message)),
  });
  return {
    document,
    problems: [
      ...duplicates(positions, at),
      ...spelling.unknown.map(({ path, message }) => at(path, message, positions.ofKey(path))),
      ...refused.values(),
    ],
    warnings: spelling.ignored.map(({ path, message }) => at(path, message, positions.ofKey(path))),
    // Of a misspelt key only the spelling is reported: its value may be meant for another key, and be secret.
    isSettled: (path) => spelling.isMisspelt(path) || refused.has(pathId(path)),
    problemAt: (path, message) => at(spelling.original(path), message),
    sourceOf: (path) => ({ kind, file, line: positions.of(spelling.original(path)).line }),
  };
}

/** A drop-in in which everything is commented out says nothing. */
export function saysNothing(text: string): boolean {
  return text.split(/\r\n|\n|\r/).every((line) => /^\uFEFF?\s*(?:#.*)?$/.test(line));
}

/** The layer of a file that cannot be read. */
export function brokenLayer(file: string, error: unknown): Layer {
  if (!(error instanceof ConfigProblems)) throw error;
  return {
    document: undefined,
    problems: error.problems,
    warnings: [],
    isSettled: () => true,
    problemAt: (path, message) => ({ file, line: 0, column: 0, path: formatPath(path), message }),
    sourceOf: () => ({ kind: 'file', file, line: 0 }),
  };
}

function duplicates(
  positions: Positions,
  at: (path: KeyPath, message: string, position: { line: number; column: number }) => ConfigProblem,
): ConfigProblem[] {
  return positions.duplicates.map(({ path, at: position, first }) =>
    at(path, `duplicate key: it is already on line ${first.line}`, position),
  );
}
