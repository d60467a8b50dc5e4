import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { completions } from '../../src/cli/completion/shells.ts';
import type { Shell } from '../../src/cli/completion.ts';
import { verbs } from '../../src/cli/verbs.ts';

/** Writes a shell's completion of dps-agent into the folder, under the name that the shell looks for. */
export async function writeCompletion(shell: Shell, folder: string): Promise<string> {
  const { fileName, script } = completions[shell];
  const path = join(folder, fileName);
  await writeFile(path, script(verbs));
  return path;
}

/** Runs a program to its end and returns what it prints. Rejects when it fails, or says anything on standard error. */
export async function output(program: string, args: readonly string[], folder?: string): Promise<string> {
  const options = { timeout: 60_000, env: { ...process.env, TERM: 'xterm', LC_ALL: 'C.UTF-8' } };
  const { stdout, stderr } = await promisify(execFile)(program, args, {
    ...options,
    ...(folder === undefined ? {} : { cwd: folder }),
  });
  if (stderr !== '') throw new Error(`${program} ${args.join(' ')} complains: ${stderr}`);
  return stdout;
}

export function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}
