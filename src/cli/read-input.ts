import { readFile } from 'node:fs/promises';
import process from 'node:process';
import { CommandError } from './usage.ts';

/** What a person points at: a file, or with `-` what comes on standard input. Throws a CommandError. */
export async function readInput(path: string): Promise<Buffer> {
  try {
    if (path !== '-') return await readFile(path);
    const chunks: Buffer[] = [];
    for await (const chunk of process.stdin as AsyncIterable<Buffer>) chunks.push(chunk);
    return Buffer.concat(chunks);
  } catch (cause) {
    const what = path === '-' ? 'standard input' : path;
    throw new CommandError(`cannot read ${what}`, { cause });
  }
}
