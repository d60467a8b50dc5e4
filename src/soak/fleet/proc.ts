import { readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProcessSample } from '../evidence.ts';

/** Linux counts for programs in hundredths of a second, whatever its own clock does (USER_HZ). */
const tickMs = 10;

export type ProcessFigures = Pick<ProcessSample, 'rssBytes' | 'cpuMs' | 'descriptors' | 'sockets'>;

/** What the kernel tells of a process (proc(5)); `undefined` when there is none by now. */
export async function processFigures(pid: number, proc = '/proc'): Promise<ProcessFigures | undefined> {
  const folder = join(proc, String(pid));
  try {
    const [status, stat, links] = await Promise.all([
      readFile(join(folder, 'status'), 'utf8'),
      readFile(join(folder, 'stat'), 'utf8'),
      descriptorsIn(join(folder, 'fd')),
    ]);
    const rssKilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
    // One that has ended and was not collected yet has none.
    if (rssKilobytes === undefined) return undefined;
    return {
      rssBytes: Number(rssKilobytes) * 1024,
      cpuMs: cpuTicks(stat) * tickMs,
      descriptors: links.length,
      sockets: links.filter((link) => link.startsWith('socket:')).length,
    };
  } catch (error) {
    if (isGone(error)) return undefined;
    throw new Error(`cannot sample process ${pid}`, { cause: error });
  }
}

/** PID (name) state …: the name may hold anything (proc_pid_stat(5)); utime and stime are the 14th and 15th. */
function cpuTicks(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

async function descriptorsIn(folder: string): Promise<string[]> {
  const names = await readdir(folder);
  const links = await Promise.all(names.map((name) => readlink(join(folder, name)).catch(() => undefined)));
  // Closed in between: it is none.
  return links.filter((link) => link !== undefined);
}

function isGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH');
}
