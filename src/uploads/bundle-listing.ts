import type { Stats } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describeError } from '../lib/errors.ts';

/** In a state directory that is as it should be there are some dozens. */
const mostEntries = 2000;

/** What is in a folder and below, each with mode, owner, size and time; of no file its content. */
export async function listing(folder: string): Promise<string> {
  const lines: string[] = [];
  await list(folder, '.', lines);
  const more = lines.length >= mostEntries ? [`only the first ${mostEntries} are told`] : [];
  return [folder, ...lines.slice(0, mostEntries), ...more, ''].join('\n');
}

async function list(folder: string, name: string, lines: string[]): Promise<void> {
  if (lines.length >= mostEntries) return;
  const path = join(folder, name);
  try {
    const entry = await lstat(path);
    lines.push(lineOf(name, entry));
    if (!entry.isDirectory()) return;
    for (const inner of (await readdir(path)).sort()) await list(folder, join(name, inner), lines);
  } catch (error) {
    lines.push(`${name}: ${describeError(error)}`);
  }
}

function lineOf(name: string, entry: Stats): string {
  const kind = entry.isDirectory() ? 'd' : entry.isSymbolicLink() ? 'l' : entry.isSocket() ? 's' : '-';
  const mode = (entry.mode & 0o7777).toString(8).padStart(4, '0');
  const time = entry.mtime.toISOString();
  return `${kind} ${mode} ${entry.uid}:${entry.gid} ${String(entry.size).padStart(10)} ${time} ${JSON.stringify(name)}`;
}
