import { execFile, spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { promisify } from 'node:util';
import type { Log } from '../../lib/log.ts';
import { describeError } from '../../lib/errors.ts';
import type { Member } from '../fleet/fleet.ts';
import { forEach } from './kind.ts';

/** Room for a queue, and what little it keeps free; a disk that is full costs so much memory. */
const bytesEach = 16 * 1024 * 1024;
const run = promisify(execFile);
type Sweeper = ChildProcessByStdio<Writable, null, null>;

/**
 * Puts each member's state directory, as yet empty, on a file system of its own in memory, so that `disk-full` can fill it.
 * Where that may not be done it is logged, and nothing is different. Resolves with what takes them away again; what was in
 * them is gone then. They go with this process, too, however it ends.
 */
export async function mountSmallDisks(members: readonly Member[], log: Log): Promise<() => Promise<void>> {
  const mounted: string[] = [];
  const sweeper = startSweeper(log);
  for (const { stateDirectory } of members) {
    try {
      sweeper.stdin.write(`${stateDirectory}\n`);
      await run('mount', ['-t', 'tmpfs', '-o', `size=${bytesEach},mode=0700`, 'tmpfs', stateDirectory]);
      mounted.push(stateDirectory);
    } catch (error) {
      log.warn({ directory: stateDirectory, reason: describeError(error) }, 'cannot mount a small disk');
      break;
    }
  }
  return async () => {
    try {
      await forEach(mounted, (directory) => run('umount', [directory]));
    } finally {
      await dismissed(sweeper);
    }
  };
}

/** A small process that is told which file systems there are, and takes them away when it hears no more. */
function startSweeper(log: Log): Sweeper {
  // A group of its own, so that Ctrl-C in a terminal does not reach it.
  const sweeper = spawn('/bin/sh', ['-c', sweeping], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
  });
  sweeper.stdin.on('error', () => undefined);
  sweeper.once('error', (error) => {
    log.warn({ error: error.message }, 'small disks would outlive a director that is killed');
  });
  return sweeper;
}

/** Nothing is left for it, or what could not be taken away: that goes once nobody uses it any more (umount -l). */
async function dismissed(sweeper: Sweeper): Promise<void> {
  if (sweeper.pid === undefined || sweeper.exitCode !== null || sweeper.signalCode !== null) return;
  const gone = once(sweeper, 'exit');
  sweeper.stdin.end();
  await gone;
}

const sweeping = `
trap '' HUP INT TERM
disks=
while IFS= read -r disk; do disks="$disks$disk
"; done
printf %s "$disks" | while IFS= read -r disk; do umount -l "$disk"; done
`;
