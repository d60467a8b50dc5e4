import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { agentProgram } from '../support/agent-process.ts';
import { configFor } from '../support/agent.ts';
import type { AgentOptions } from '../support/agent.ts';
import { keepLogged } from '../support/test-logs.ts';
import { WatchedLog } from '../support/watched-log.ts';
import { FakeTime } from './fake-time.ts';

export interface AgentInTime {
  readonly log: WatchedLog;
  /** Its wall clock, to be set while it runs. */
  readonly time: FakeTime;
}

/** The built agent as a process whose wall clock is wrong by `offsetMs`; killed when the test is over. */
export async function startAgentInTime(options: AgentOptions, offsetMs: number): Promise<AgentInTime> {
  const { scratch } = options;
  const time = await FakeTime.start(scratch, offsetMs);
  const folder = await scratch.folder();
  const config = join(folder, 'config.yaml');
  await writeFile(config, configFor(options), { mode: 0o600 });
  const STATE_DIRECTORY = join(folder, 'state');
  await mkdir(STATE_DIRECTORY);
  const child = spawn(process.execPath, [agentProgram, 'run', '--config', config], {
    env: { ...process.env, ...time.environment, STATE_DIRECTORY },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const log = new WatchedLog();
  createInterface({ input: child.stdout }).on('line', (line) => {
    log.take(line);
  });
  child.stderr.on('data', (data: Buffer) => {
    keepLogged(data.toString());
  });
  const closed = once(child, 'close');
  scratch.defer(async () => {
    child.kill('SIGKILL');
    await closed;
  });
  return { log, time };
}
