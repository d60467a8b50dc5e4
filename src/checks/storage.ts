import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { removeFile, writeFileAtomically } from '../lib/atomic-file.ts';
import { describeError } from '../lib/errors.ts';
import { diskWear } from '../telemetry/inputs/system/disk-wear.ts';
import { MachineFiles } from '../telemetry/inputs/system/machine-files.ts';
import { error, ok, skipped, warning } from './check.ts';
import type { Check } from './check.ts';

const stateDirectory: Check = {
  id: 'state-directory',
  looksAt: 'whether the agent can write where it remembers: assignment, queue, settings',
  command: 'dps-agent config show',
  needs: ['config'],
  run: async ({ device: { stateDirectory: path }, isInside }) => {
    try {
      const existing = await nearest(path);
      if (existing !== path) {
        await access(existing, constants.W_OK);
        return ok(`${path} is not there yet: the agent makes it, ${existing} can be written to`);
      }
      await tryWriting(path);
      const who = isInside ? 'the agent’s own user' : 'this user';
      return ok(`${path} can be written to by ${who}`);
    } catch (thrown) {
      return error(`cannot write to ${path}: ${describeError(thrown)}`, {
        remedy: 'make it a directory of the user the agent runs as, on a file system that is not read-only',
        command: `ls -ld ${path}; findmnt --target ${dirname(path)}`,
      });
    }
  },
};

const diskSpace: Check = {
  id: 'disk-space',
  looksAt: 'how much room the disk of the state directory has for what cannot be sent',
  command: 'df -h',
  needs: ['config', 'state-directory'],
  run: async ({ device }) => {
    const { stateDirectory: path, config, world } = device;
    const { maxBytes, minFreeBytes } = config.telemetry.queue;
    const freeBytes = await world.resources().diskFreeBytes(await nearest(path));
    const seen = `${megabytes(freeBytes)} are free; the queue may take ${megabytes(maxBytes)} and leaves ${megabytes(minFreeBytes)}`;
    const command = `df -h ${path}`;
    if (freeBytes <= minFreeBytes)
      return error(seen, { remedy: 'make room: the queue takes nothing more', command });
    if (freeBytes >= maxBytes + minFreeBytes) return ok(seen);
    return warning(seen, { remedy: 'make room, or lower telemetry.queue.max_bytes', command });
  },
};

/** Of a life of 100 %; an eMMC tells it in tens. */
const wornPercent = { warning: 80, error: 100 };

const wear: Check = {
  id: 'disk-wear',
  looksAt: 'how much of its life the flash memory has used, where it tells',
  command: 'lsblk -o NAME,MODEL,SIZE,MOUNTPOINTS',
  run: async ({ machine }) => {
    const { diskWearPercent: used, diskReserve: reserve } = await diskWear(new MachineFiles(machine.root));
    if (typeof used !== 'number' && reserve === undefined)
      return skipped('no disk of this machine tells how worn it is: SD cards do not');
    const seen = [
      ...(typeof used === 'number' ? [`${used} % of its life is used`] : []),
      ...(typeof reserve === 'string' ? [`its reserve is ${reserve}`] : []),
    ].join(', ');
    const remedy = 'plan for another eMMC or disk; a longer telemetry.queue.flush_interval writes less';
    const percent = typeof used === 'number' ? used : 0;
    if (percent >= wornPercent.error || reserve === 'urgent') return error(seen, { remedy });
    return percent >= wornPercent.warning || reserve === 'warning' ? warning(seen, { remedy }) : ok(seen);
  },
};

/** The path, or the nearest directory above it that is there. Rejects when something else stands in the way. */
async function nearest(path: string): Promise<string> {
  try {
    if (!(await stat(path)).isDirectory()) throw new Error(`${path} is not a directory`);
    return path;
  } catch (thrown) {
    const isMissing = thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT';
    if (!isMissing || dirname(path) === path) throw thrown;
    return nearest(dirname(path));
  }
}

async function tryWriting(directory: string): Promise<void> {
  const path = join(directory, 'check.tmp');
  await writeFileAtomically(path, 'written by dps-agent check\n');
  await removeFile(path);
}

function megabytes(bytes: number): string {
  return `${Math.floor(bytes / 1_000_000)} MB`;
}

export const storageChecks: readonly Check[] = [stateDirectory, diskSpace, wear];
