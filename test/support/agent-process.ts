import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { configFor } from './agent.ts';
import type { AgentOptions } from './agent.ts';
import type { Scratch } from './scratch.ts';
import { keepLogged, keepSecret } from './test-logs.ts';
import { WatchedLog } from './watched-log.ts';

export const agentProgram = join(import.meta.dirname, '..', '..', 'dist', 'dps-agent.cjs');

export interface AgentProcess {
  readonly log: WatchedLog;
  readonly child: ChildProcess;
  /** The path of its configuration. */
  readonly config: string;
  /** Resolves when the process has ended. */
  readonly exited: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
}

/** The built agent as a process of its own, killed when the test is over. */
export async function startAgentProcess(
  options: AgentOptions & { readonly configMode?: number },
): Promise<AgentProcess> {
  for (const [key, value] of Object.entries(options.attestation)) if (key.endsWith('_key')) keepSecret(value);
  return spawnAgent(options.scratch, configFor(options), options);
}

/** Likewise, with this text for its config.yaml. */
export async function spawnAgent(
  scratch: Scratch,
  text: string,
  options: Pick<AgentOptions, 'stateDirectory'> & { readonly configMode?: number } = {},
): Promise<AgentProcess> {
  const folder = await scratch.folder();
  const config = join(folder, 'config.yaml');
  await writeFile(config, text, { mode: options.configMode ?? 0o600 });
  const STATE_DIRECTORY = options.stateDirectory ?? join(folder, 'state');
  await mkdir(STATE_DIRECTORY, { recursive: true });
  const child = spawn(process.execPath, [agentProgram, 'run', '--config', config], {
    // Without a PATH it cannot ask this machine whether its clock is synchronised.
    env: { ...process.env, PATH: '', STATE_DIRECTORY },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const log = new WatchedLog();
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => {
    log.take(line);
  });
  child.stderr.on('data', (data: Buffer) => {
    keepLogged(data.toString());
  });
  // Only when its last line has been read is there nothing more to come.
  const exited = Promise.all([once(child, 'close'), once(lines, 'close')]).then(([[code, signal]]) => ({
    code: code as number | null,
    signal: signal as NodeJS.Signals | null,
  }));
  scratch.defer(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  return { log, child, config, exited };
}

/** Runs the built agent to its end. */
export async function runAgent(
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const env = { ...process.env, ...environment };
  const child = spawn(process.execPath, [agentProgram, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (data: Buffer) => (output.stdout += data.toString()));
  child.stderr.on('data', (data: Buffer) => (output.stderr += data.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  keepLogged(`${output.stdout}${output.stderr}\n`);
  return { code, ...output };
}
