import { createAgent } from '../agent.ts';
import type { Agent, AgentHost } from '../agent.ts';
import { filesWithSecrets } from '../config/layers/masked.ts';
import { permissionWarnings } from '../config/permission-warnings.ts';
import type { Config } from '../config/schema.ts';
import { SystemClock } from '../lib/clock.ts';
import { LiveConfig } from '../live-config.ts';
import { Reloading } from '../supervision/reloading.ts';
import type { Notifier } from '../supervision/notifier.ts';
import type { World } from '../world.ts';
import { createLogging } from './create-log.ts';
import type { Logging, LogOutput } from './create-log.ts';
import { readConfig } from './read-config.ts';
import { showConfig } from './show-config.ts';
import { stateDirectoryOf } from './state-directory.ts';

/** An agent's configuration, read, and its log, open: all it takes before there is a world. */
export interface AgentSetup extends Logging {
  readonly configPath: string;
  /** Of the files; what the twin says is not in it, other than in `live`. */
  readonly config: Config;
  readonly live: LiveConfig;
  readonly stateDirectory: string;
}

/** Says what the configuration warns of. Throws a ConfigError. @param userId of the process */
export async function setUpAgent(
  configPath: string,
  output: LogOutput,
  userId: number | undefined,
): Promise<AgentSetup> {
  const loaded = await readConfig(configPath);
  const { config, warnings } = loaded;
  const logging = await createLogging(config.log, output, new SystemClock());
  const permissions = await permissionWarnings(filesWithSecrets(loaded), config, { uid: userId });
  for (const warning of [...warnings, ...permissions]) logging.log.warn(warning);
  const live = new LiveConfig(config);
  logging.levels.follow(
    () => live.current.log,
    () => live.configured.log,
  );
  return { ...logging, configPath, config, live, stateDirectory: stateDirectoryOf(config) };
}

/** What differs between the ways in which an agent is run. */
export type AgentPlace = Pick<AgentHost, 'pid' | 'lastEnd' | 'socketPath' | 'supervision' | 'stop'>;

/** The agent with the checks that it makes of itself. */
export function makeAgent(setup: AgentSetup, world: World, place: AgentPlace): Promise<Agent> {
  const { configPath, live, stateDirectory, levels, ring, log } = setup;
  return createAgent(live, stateDirectory, world, {
    ...place,
    ...{ levels, ring },
    describeConfig: () => showConfig(configPath, 'text', true),
    checks: (status) => async (request, signal) => {
      const { checkInside } = await import('./inside-checks.ts');
      return checkInside(request, { configPath, status: status(), log }, signal);
    },
    describeChecks: async (status, signal) => {
      const { checksFromInside } = await import('./bundle-checks.ts');
      return checksFromInside({ configPath, status, log }, signal);
    },
  });
}

/** Reads its configuration anew for the agent, when asked to. */
export function reloadingOf(
  { configPath, config, log }: AgentSetup,
  agent: Agent,
  notifier: Notifier | undefined,
  monotonicUsec: () => bigint,
): Reloading<Config> {
  return new Reloading({
    ...{ config, notifier, log, monotonicUsec },
    read: () => readConfig(configPath),
    apply: (files, isOtherWay) => {
      agent.reload(files, isOtherWay);
    },
  });
}
