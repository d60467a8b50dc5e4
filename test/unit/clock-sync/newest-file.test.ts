import assert from 'node:assert/strict';
import { utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { newestFile } from '../../../src/clock-sync/newest-file.ts';
import { writeTree } from '../../fakes/file-tree.ts';
import { temporaryDirectory } from '../../fakes/temporary-directory.ts';

describe('the newest file', () => {
  it('is found among files and in folders', async (t) => {
    const root = await temporaryDirectory(t);
    await writeTree(root, { 'config.yaml': '', 'state/assignment.json': '', 'state/settings.json': '' });
    await touch(root, 'config.yaml', 2000);
    await touch(root, 'state/assignment.json', 4000);
    await touch(root, 'state/settings.json', 3000);
    assert.deepEqual(await newestFile([join(root, 'config.yaml'), join(root, 'state')]), {
      path: join(root, 'state/assignment.json'),
      writtenAt: new Date(4_000_000),
    });
  });

  it('is none where there are no files; folders are not counted', async (t) => {
    const root = await temporaryDirectory(t);
    assert.equal(await newestFile([root, join(root, 'missing.json')]), undefined);
  });
});

function touch(root: string, name: string, seconds: number): Promise<void> {
  return utimes(join(root, name), seconds, seconds);
}
