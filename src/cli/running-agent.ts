import { readFile } from 'node:fs/promises';
import process from 'node:process';
import { readFileIfPresent } from '../lib/atomic-file.ts';
import { pidFileIn } from './state-directory.ts';

/** The process ID of the agent that runs on this state directory; `undefined` when there is none. */
export async function runningAgent(stateDirectory: string): Promise<number | undefined> {
  const [pid] = (await readFileIfPresent(pidFileIn(stateDirectory)))?.split('\n') ?? [];
  return pid === undefined ? undefined : agentProcess(pid);
}

/** The process ID, if it is that of an agent. */
export async function agentProcess(text: string): Promise<number | undefined> {
  const pid = Number(text);
  return Number.isInteger(pid) && pid > 0 && (await isAgent(pid)) ? pid : undefined;
}

/** Has the running agent ask DPS again. */
export function requestReprovision(pid: number): void {
  process.kill(pid, 'SIGUSR1');
}

/** After a kill -9 the file names a process that is gone, or by now another one. */
async function isAgent(pid: number): Promise<boolean> {
  try {
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8');
    return command.split('\0').includes('run') && command.includes('dps-agent');
  } catch {
    return false;
  }
}
