import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Log } from '../../lib/log.ts';
import { describeError } from '../../lib/errors.ts';
import type { Member } from '../fleet/fleet.ts';
import { forEach } from './kind.ts';

/** Room for a queue, and what little it keeps free; a disk that is full costs so much memory. */
const bytesEach = 16 * 1024 * 1024;
const run = promisify(execFile);

/**
 * Puts each member's state directory, as yet empty, on a file system of its own in memory, so that `disk-full` can fill it.
 * Where that may not be done it is logged, and nothing is different. Resolves with what takes them away again; what was in
 * them is gone then.
 */
export async function mountSmallDisks(members: readonly Member[], log: Log): Promise<() => Promise<void>> {
  const mounted: string[] = [];
  for (const { stateDirectory } of members) {
    try {
      await run('mount', ['-t', 'tmpfs', '-o', `size=${bytesEach},mode=0700`, 'tmpfs', stateDirectory]);
      mounted.push(stateDirectory);
    } catch (error) {
      log.warn({ directory: stateDirectory, reason: describeError(error) }, 'cannot mount a small disk');
      break;
    }
  }
  return () => forEach(mounted, (directory) => run('umount', [directory]));
}
