import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { agentProgram } from '../support/agent-process.ts';
import { configFor } from '../support/agent.ts';
import type { AgentOptions } from '../support/agent.ts';
import type { Scratch } from '../support/scratch.ts';
import { keepLogged } from '../support/test-logs.ts';
import { WatchedLog } from '../support/watched-log.ts';
import { FakeTime } from './fake-time.ts';

export interface AgentInTime {
  readonly log: WatchedLog;
  /** Sets its clock while it runs; 0 is right, and then its kernel says that the clock is synchronised. */
  readonly setClock: (offsetMs: number) => Promise<void>;
}

/**
 * The built agent as a process whose wall clock is wrong by `offsetMs`; killed when the test is over.
 * @param isSynchronised what its kernel says of that clock
 */
export async function startAgentInTime(
  options: AgentOptions,
  offsetMs: number,
  isSynchronised = offsetMs === 0,
): Promise<AgentInTime> {
  const { scratch } = options;
  const time = await FakeTime.start(scratch, offsetMs);
  const folder = await scratch.folder();
  const config = join(folder, 'config.yaml');
  await writeFile(config, configFor(options), { mode: 0o600 });
  const STATE_DIRECTORY = join(folder, 'state');
  await mkdir(STATE_DIRECTORY);
  const kernel = await FakeKernel.start(scratch, isSynchronised);
  const child = spawn(process.execPath, [agentProgram, 'run', '--config', config], {
    env: { ...process.env, ...time.environment, PATH: kernel.path, STATE_DIRECTORY },
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
  const setClock = async (ms: number): Promise<void> => {
    await kernel.say(ms === 0);
    await time.set(ms);
  };
  return { log, setClock };
}

/** What timedatectl tells of the kernel, whatever the machine is that the test runs on. */
class FakeKernel {
  /** Where timedatectl is found. */
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async start(scratch: Scratch, isSynchronised: boolean): Promise<FakeKernel> {
    const kernel = new FakeKernel(await scratch.folder());
    await writeFile(join(kernel.path, 'timedatectl'), script, { mode: 0o755 });
    await kernel.say(isSynchronised);
    return kernel;
  }

  say(isSynchronised: boolean): Promise<void> {
    return writeFile(join(this.path, 'timedatectl.answer'), isSynchronised ? 'yes\n' : 'no\n');
  }
}

const script = '#!/bin/sh\nread -r answer < "$0.answer"\necho "$answer"\n';
