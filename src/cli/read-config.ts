import process from 'node:process';
import { loadConfig } from '../config/load.ts';
import type { LoadedConfig } from '../config/parse.ts';
import { configOption } from './config-option.ts';

/**
 * The configuration that a verb works with: its file, the drop-ins beside it, the environment. At its usual place the file
 * may be absent, as in a container that is told everything by its environment. Throws ConfigProblems.
 */
export function readConfig(path: string): Promise<LoadedConfig> {
  return loadConfig(path, { environment: process.env, isOptional: path === configOption.default });
}
