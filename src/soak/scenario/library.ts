import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { closest } from '../../config/suggest.ts';
import { ConfigError } from '../../lib/errors.ts';
import type { KnownKind } from './fault-schema.ts';
import { parseScenario } from './parse-scenario.ts';
import type { Scenario } from './scenario.ts';

/** A scenario, and its text as it stands in its file. */
export interface LoadedScenario {
  readonly scenario: Scenario;
  readonly text: string;
}

/**
 * One of the library in `directory`, by its name, or a file, which has a slash or a dot in its name. Throws a ConfigError
 * that says what to type.
 */
export async function loadScenario(
  nameOrFile: string,
  directory: string,
  kinds: readonly KnownKind[],
): Promise<LoadedScenario> {
  const path = isFile(nameOrFile) ? nameOrFile : await libraryFile(nameOrFile, directory);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new ConfigError(`cannot read the scenario ${path}`, { cause });
  }
  return { scenario: parseScenario(text, path, kinds), text };
}

/** Every scenario of the library, by name. */
export async function libraryScenarios(
  directory: string,
  kinds: readonly KnownKind[],
): Promise<readonly Scenario[]> {
  const names = await namesIn(directory);
  const loaded = await Promise.all(names.map((name) => loadScenario(name, directory, kinds)));
  return loaded.map(({ scenario }) => scenario);
}

function isFile(nameOrFile: string): boolean {
  return /[./\\]/.test(nameOrFile);
}

async function libraryFile(name: string, directory: string): Promise<string> {
  const names = await namesIn(directory);
  if (names.includes(name)) return join(directory, `${name}.yaml`);
  const near = closest(name, names);
  const hint = near === undefined ? `there are ${names.join(', ')}` : `did you mean ${near}?`;
  throw new ConfigError(
    `cannot find a scenario called ${name}: ${hint}; a file needs its path, such as ./${name}.yaml`,
  );
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    const files = await readdir(directory);
    return files
      .filter((file) => file.endsWith('.yaml'))
      .map((file) => basename(file, '.yaml'))
      .sort();
  } catch (cause) {
    throw new ConfigError(`cannot read the library of scenarios in ${directory}`, { cause });
  }
}
