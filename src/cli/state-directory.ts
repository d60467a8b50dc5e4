import { join } from 'node:path';
import process from 'node:process';
import type { Config } from '../config/schema.ts';

/** The usual place; systemd's `StateDirectory=dps-agent` is the same. */
export const defaultStateDirectory = '/var/lib/dps-agent';

/** Where the agent remembers: systemd's word, else the configuration's, else the usual place. */
export function stateDirectoryOf(config: Pick<Config, 'stateDirectory'>): string {
  return process.env['STATE_DIRECTORY'] ?? config.stateDirectory ?? defaultStateDirectory;
}

/** Holds the process ID of the agent that runs on this state directory, and the boot ID of its machine: see RunMark. */
export function pidFileIn(stateDirectory: string): string {
  return join(stateDirectory, 'dps-agent.pid');
}
