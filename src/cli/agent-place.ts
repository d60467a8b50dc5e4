import type { AgentPlace } from './agent-socket.ts';
import { readConfig } from './read-config.ts';
import { stateDirectoryOf } from './state-directory.ts';

/** Where the agent of a configuration is to be found. Throws ConfigProblems. */
export async function agentPlace(configPath: string): Promise<AgentPlace> {
  const { config } = await readConfig(configPath);
  return { stateDirectory: stateDirectoryOf(config), localApi: config.localApi };
}
