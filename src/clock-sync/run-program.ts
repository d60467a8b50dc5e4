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
    execFile(program, args, options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`cannot run ${program} ${args.join(' ')}`, { cause: briefly(error, stderr) }));
    });
  });

/** What the program itself says first is the reason; Node's message is the command line again, and all of its output. */
function briefly(error: Error, stderr: string): Error {
  const [line] = stderr.trim().split('\n');
  return line === undefined || line === '' ? error : new Error(line);
}
