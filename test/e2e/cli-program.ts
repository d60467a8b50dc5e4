import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { agentProgram } from '../support/agent-process.ts';
import type { Scratch } from '../support/scratch.ts';
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
  /** Whom it runs as; only root can choose. */
  readonly userId?: number;
}

/** What no verb under test takes on the slowest of machines, in milliseconds. */
const deadlineMs = 120_000;

/**
 * Runs the built program to its end; rejects, with what it said, if there is none. Of what it says only standard error is searched for secrets afterwards: the verbs
 * under test are asked to print keys.
 */
export async function dpsAgent(args: readonly string[], around: Surroundings = {}): Promise<Ran> {
  const child = spawn(process.execPath, [agentProgram, ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...around.env },
    ...(around.userId === undefined ? {} : { uid: around.userId, gid: around.userId }),
    timeout: deadlineMs,
    killSignal: 'SIGKILL',
  });
  const output = collect(child);
  child.stdin.end(around.input ?? '');
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  keepLogged(`${output.stderr}\n`);
  if (signal === 'SIGKILL')
    throw new Error(`dps-agent ${args[0] ?? ''} was killed after ${deadlineMs} ms: ${output.stderr}`);
  return { code, ...output };
}

function collect(child: ChildProcess): { stdout: string; stderr: string } {
  const output = { stdout: '', stderr: '' };
  child.stdout?.on('data', (data: Buffer) => (output.stdout += data.toString()));
  child.stderr?.on('data', (data: Buffer) => (output.stderr += data.toString()));
  return output;
}

/** The built program while it goes on, line by line. */
export interface GoingOn {
  readonly child: ChildProcess;
  /** The next line that satisfies; those before it are passed over. Rejects if it ends before. */
  untilLine(wanted: (line: string) => boolean): Promise<string>;
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
}

/** Starts a verb that ends when it is interrupted; at the latest when the test is over. */
export function followDpsAgent(scratch: Scratch, args: readonly string[]): GoingOn {
  const child = spawn(process.execPath, [agentProgram, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stderr.on('data', (data: Buffer) => {
    keepLogged(data.toString());
  });
  const ended = once(child, 'close').then(([code, signal]) => ({
    code: code as number | null,
    signal: signal as NodeJS.Signals | null,
  }));
  scratch.defer(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const untilLine = async (wanted: (line: string) => boolean): Promise<string> => {
    for (;;) {
      const { value, done } = (await lines.next()) as IteratorResult<string, undefined>;
      if (done === true) throw new Error(`dps-agent ${args.join(' ')} ended before that`);
      if (wanted(value)) return value;
    }
  };
  return { child, untilLine, ended };
}
