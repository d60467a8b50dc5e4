import assert from 'node:assert/strict';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { backUp } from '../../../src/lib/backup-file.ts';
import { temporaryDirectory } from '../../fakes/temporary-directory.ts';

const at = new Date('2026-11-22T12:30:00.123Z');

describe('backUp', () => {
  it('keeps a copy under the time, with the mode of the file', async (t) => {
    const path = join(await temporaryDirectory(t), 'config.yaml');
    await writeFile(path, 'old', { mode: 0o640 });
    assert.equal(await backUp(path, at), `${path}.20261122T123000Z`);
    assert.equal(await readFile(`${path}.20261122T123000Z`, 'utf8'), 'old');
    assert.equal((await stat(`${path}.20261122T123000Z`)).mode & 0o777, 0o640);
    assert.equal(await readFile(path, 'utf8'), 'old');
  });

  it('has nothing to keep where there is no file', async (t) => {
    assert.equal(await backUp(join(await temporaryDirectory(t), 'none'), at), undefined);
  });
});
