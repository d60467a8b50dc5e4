import process from 'node:process';
import type { Config } from '../config/schema.ts';

const defaultStateDirectory = '/var/lib/dps-agent';

/** Where the agent keeps what it must remember; systemd's own variable counts most. */
export function stateDirectoryOf(config: Pick<Config, 'stateDirectory'>): string {
  return process.env['STATE_DIRECTORY'] ?? config.stateDirectory ?? defaultStateDirectory;
}
