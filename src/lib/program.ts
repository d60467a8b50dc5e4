import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { findAccount } from './account.ts';
import type { Account } from './account.ts';
import type { ProgramHost } from './program-host.ts';
import { ProcessGroup } from './process-group.ts';

/** What is run, by whom and where. */
export interface ProgramOptions {
  readonly command: readonly [string, ...string[]];
  readonly environment: Readonly<Record<string, string>>;
  readonly user?: string;
  readonly directory?: string;
  /** What it can read from standard input; absent: nothing. */
  readonly input?: Buffer;
}

/** How a program ended: exactly one of the two is not null. */
export interface Ending {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A running program with everything it starts: they are one process group, and are ended together. */
export interface Program {
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Resolves when the program itself has ended; what it started may live on. */
  readonly ended: Promise<Ending>;
  /**
   * Ends whoever of the group still lives: SIGTERM, and after 2 s SIGKILL. Resolves when nobody does. Only a process that
   * has left the group (setsid) escapes.
   */
  end(): Promise<void>;
  /** Ends the group and lets go of the output, whoever may still hold it. */
  close(): Promise<void>;
}

/**
 * Starts a program without a shell. Rejects when it cannot be started.
 *
 * Under another user it has that user's ID and main group, and no other groups at all: Node can set none.
 */
export async function startProgram(options: ProgramOptions, host: ProgramHost): Promise<Program> {
  const [file, ...args] = options.command;
  const { user, directory } = options;
  try {
    const account = user === undefined ? undefined : await findAccount(host.root, user);
    const child = spawn(file, args, {
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
      env: environmentFor(options, host, account),
      ...(directory === undefined ? {} : { cwd: directory }),
      ...(account === undefined ? {} : { uid: account.userId, gid: account.groupId }),
    });
    const { stdin, stdout, stderr, pid } = child;
    const ended = new Promise<Ending>((resolve) => {
      child.once('exit', (status, signal) => {
        resolve({ status, signal });
      });
    });
    await once(child, 'spawn');
    if (pid === undefined) throw new Error('it has no process ID');
    // A program need not read what it is given: that shows here as a broken pipe.
    stdin.on('error', () => undefined);
    stdin.end(options.input);
    const group = new ProcessGroup(pid, host);
    const end = (): Promise<void> => group.end();
    const close = async (): Promise<void> => {
      try {
        await end();
      } finally {
        stdin.destroy();
        stdout.destroy();
        stderr.destroy();
      }
    };
    return { stdout, stderr, ended, end, close };
  } catch (cause) {
    const [as, where] = [
      user === undefined ? '' : ` as ${user}`,
      directory === undefined ? '' : ` in ${directory}`,
    ];
    throw new Error(`cannot start ${file}${as}${where}`, { cause });
  }
}

/** `it ended with status 1`, with what it said of it if it said anything. */
export function endingInWords({ status, signal }: Ending, said: string): string {
  const how = signal === null ? `it ended with status ${status ?? 'unknown'}` : `it was ended by ${signal}`;
  return said === '' ? how : `${how}: ${said}`;
}

/** The agent's environment may hold secrets. */
function environmentFor(
  { environment }: ProgramOptions,
  host: ProgramHost,
  account: Account | undefined,
): Record<string, string> {
  const { PATH, HOME, LANG } = host.environment;
  const handedDown = Object.entries({ PATH, HOME: account?.home ?? HOME, LANG });
  return {
    ...Object.fromEntries(handedDown.filter((entry): entry is [string, string] => entry[1] !== undefined)),
    ...environment,
  };
}
