import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { agentProgram } from '../support/agent-process.ts';
import { keepLogged } from '../support/test-logs.ts';

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Surroundings {
  readonly env?: Readonly<Record<string, string>>;
  /** For its standard input, which is empty without it. */
  readonly input?: string | Uint8Array;
}

/**
 * Runs the built program to its end. Of what it says only standard error is searched for secrets afterwards: the verbs
 * under test are asked to print keys.
 */
export async function dpsAgent(args: readonly string[], around: Surroundings = {}): Promise<Ran> {
  const child = spawn(process.execPath, [agentProgram, ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...around.env },
  });
  const output = collect(child);
  child.stdin.end(around.input ?? '');
  const [code] = (await once(child, 'close')) as [number | null];
  keepLogged(`${output.stderr}\n`);
  return { code, ...output };
}

function collect(child: ChildProcess): { stdout: string; stderr: string } {
  const output = { stdout: '', stderr: '' };
  child.stdout?.on('data', (data: Buffer) => (output.stdout += data.toString()));
  child.stderr?.on('data', (data: Buffer) => (output.stderr += data.toString()));
  return output;
}
