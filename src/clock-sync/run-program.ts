import { execFile } from 'node:child_process';

/**
 * Runs a program to its end and gives what it wrote to standard output. Rejects when it is not there, fails, or the
 * signal is aborted, which kills it.
 */
export type RunProgram = (program: string, args: readonly string[], signal: AbortSignal) => Promise<string>;

/** What a program asked for a line may write before it is killed. */
const maxOutputBytes = 64 * 1024;

export const runProgram: RunProgram = (program, args, signal) =>
  new Promise((resolve, reject) => {
    const options = { signal, killSignal: 'SIGKILL', maxBuffer: maxOutputBytes } as const;
    execFile(program, args, options, (error, stdout) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`cannot run ${program} ${args.join(' ')}`, { cause: error }));
    });
  });
