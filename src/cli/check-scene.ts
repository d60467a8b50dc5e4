import process from 'node:process';
import { HopTimer } from '../checks/hop-timer.ts';
import { Device, Scene } from '../checks/scene.ts';
import type { AgentPresence } from '../checks/scene.ts';
import { runProgram } from '../clock-sync/run-program.ts';
import { SystemClock } from '../lib/clock.ts';
import { ConfigError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import { realWorld } from '../world.ts';
import type { AgentPlace } from './agent-socket.ts';
import { readConfig } from './read-config.ts';
import { stateDirectoryOf } from './state-directory.ts';

export interface SceneRequest {
  readonly configPath: string;
  readonly isInside: boolean;
  /** Asked once the configuration says where the agent would be. */
  readonly presence: (place: AgentPlace) => Promise<AgentPresence>;
  readonly log: Log;
}

/** What the checks look at: this machine, and the device as its configuration has it now. */
export async function checkScene(request: SceneRequest): Promise<Scene> {
  const { isInside } = request;
  const machine = {
    clock: new SystemClock(),
    runProgram,
    root: '/',
    userId: process.getuid?.() ?? -1,
    nodeVersion: process.version,
  };
  try {
    const { device, agent } = await openDevice(request);
    return new Scene({ isInside, agent, machine, device });
  } catch (problem) {
    if (!(problem instanceof ConfigError)) throw problem;
    return new Scene({ isInside, agent: { kind: 'absent' }, machine, problem });
  }
}

async function openDevice({
  configPath,
  presence,
  log,
}: SceneRequest): Promise<{ device: Device; agent: AgentPresence }> {
  const loaded = await readConfig(configPath);
  const { config } = loaded;
  const stateDirectory = stateDirectoryOf(config);
  const hopTimer = new HopTimer(new SystemClock());
  const world = await realWorld({ current: config }, log, undefined, (hop) => {
    hopTimer.passed(hop);
  });
  const agent = await presence({ stateDirectory, localApi: config.localApi });
  return { agent, device: new Device({ loaded, stateDirectory, world, hopTimer }) };
}
