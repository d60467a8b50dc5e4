import { statfsSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { untilStopped } from '../../lib/deadline.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Member } from '../fleet/fleet.ts';
import type { FaultKind } from './fault-kind.ts';
import { defineKind, forEach, suited } from './kind.ts';

/** A state directory on a file system of at most this size has it for itself. Nobody else's is ever filled. */
export const smallDiskBytes = 64 * 1024 * 1024;
/** What an agent frees is taken again so soon. */
const lookMs = 200;
const chunk = Buffer.alloc(64 * 1024, 'full');

export const diskFull: FaultKind = defineKind({
  name: 'disk-full',
  summary:
    'the state directory’s file system is full, but for `leftBytes`; only where it is a small one of its own',
  isLocal: true,
  options: v.strictObject({
    leftBytes: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(smallDiskBytes)), 0),
  }),
  unavailable: ({ fleet }) =>
    fleet.members.some(hasSmallDisk)
      ? undefined
      : `no agent’s state directory is a file system of its own, of at most ${smallDiskBytes / 1024 / 1024} MB`,
  strike: ({ leftBytes }, members, field) => {
    const struck = suited(members, field, hasSmallDisk);
    return {
      description: leftBytes === 0 ? 'disk full' : `disk full but for ${leftBytes} bytes`,
      struck,
      run: (signal) =>
        forEach(struck, ({ stateDirectory }) => keepFull(stateDirectory, leftBytes, field.clock, signal)),
    };
  },
});

function hasSmallDisk({ stateDirectory }: Member): boolean {
  const { blocks, bsize } = statfsSync(stateDirectory);
  return blocks * bsize <= smallDiskBytes;
}

async function keepFull(
  directory: string,
  leftBytes: number,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const ballast = join(directory, 'soak-ballast');
  try {
    while (!signal.aborted) {
      await fill(ballast, directory, leftBytes);
      await untilStopped(clock.sleep(lookMs, signal), signal);
    }
  } finally {
    await rm(ballast, { force: true });
  }
}

async function fill(ballast: string, directory: string, leftBytes: number): Promise<void> {
  const file = await open(ballast, 'a');
  try {
    for (let free = freeBytes(directory); free > leftBytes; free = freeBytes(directory)) {
      const { bytesWritten } = await file.write(chunk, 0, Math.min(chunk.length, free - leftBytes));
      if (bytesWritten === 0) return;
    }
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
  } finally {
    await file.close();
  }
}

function freeBytes(directory: string): number {
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize;
}
