import assert from 'node:assert/strict';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { processFigures } from '../../../../src/soak/fleet/proc.ts';
import { temporaryDirectory } from '../../../fakes/temporary-directory.ts';

describe('what the kernel tells of a process', () => {
  it('is its memory, its time and what it holds open', async (t) => {
    const proc = await temporaryDirectory(t);
    const folder = join(proc, '7');
    await mkdir(join(folder, 'fd'), { recursive: true });
    await writeFile(join(folder, 'status'), 'Name:\tnode\nVmHWM:\t  99999 kB\nVmRSS:\t   50000 kB\n');
    await writeFile(
      join(folder, 'stat'),
      '7 (a (bad) name) S 1 7 7 0 -1 4194304 1 2 3 4 120 30 5 6 20 0 11 0 9',
    );
    await symlink('socket:[123]', join(folder, 'fd', '3'));
    await symlink('/dev/null', join(folder, 'fd', '0'));
    const figures = await processFigures(7, proc);
    assert.deepEqual(figures, { rssBytes: 51_200_000, cpuMs: 1500, descriptors: 2, sockets: 1 });
  });

  it('is nothing when it has ended', async (t) => {
    assert.equal(await processFigures(7, await temporaryDirectory(t)), undefined);
  });
});
