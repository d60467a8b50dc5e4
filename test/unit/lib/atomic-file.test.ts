import assert from 'node:assert/strict';
import { readdirSync, readlinkSync } from 'node:fs';
import { mkdir, open, readFile, readdir, stat, writeFile } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { dirname, join, relative } from 'node:path';
import process from 'node:process';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import {
  readFileIfPresent,
  removeFile,
  setAside,
  writeFileAtomically,
} from '../../../src/lib/atomic-file.ts';
import { temporaryDirectory } from '../../fakes/temporary-directory.ts';

interface Synced {
  /** Below the test's directory; that itself is empty. */
  readonly path: string;
  /** What was in the test's directory at that moment. */
  readonly names: string[];
}

/** Records each fsync, of whichever file, and still does it. */
async function recordSyncs(test: TestContext, directory: string): Promise<Synced[]> {
  const synced: Synced[] = [];
  const handle = await open(directory);
  const prototype = Object.getPrototypeOf(handle) as FileHandle;
  await handle.close();
  const sync: (this: FileHandle) => Promise<void> = Reflect.get(prototype, 'sync');
  test.mock.method(prototype, 'sync', async function (this: FileHandle) {
    const path = relative(directory, readlinkSync(`/proc/self/fd/${this.fd}`));
    synced.push({ path, names: readdirSync(directory).sort() });
    await sync.call(this);
  });
  return synced;
}

/** Those below the directory: others of the process come and go. */
const openIn = (directory: string): string[] =>
  readdirSync('/proc/self/fd').filter((fd) => targetOf(fd).startsWith(directory));

function targetOf(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    // That by which the folder was read.
    return '';
  }
}

const modeOf = async (path: string): Promise<number> => (await stat(path)).mode & 0o777;

describe('writeFileAtomically', () => {
  it('writes text and bytes, and leaves nothing beside the file', async (t) => {
    const directory = await temporaryDirectory(t);
    await writeFileAtomically(join(directory, 'text'), 'Zürich €\n');
    await writeFileAtomically(join(directory, 'bytes'), new Uint8Array([0, 255]));
    assert.equal(await readFile(join(directory, 'text'), 'utf8'), 'Zürich €\n');
    assert.deepEqual(await readFile(join(directory, 'bytes')), Buffer.from([0, 255]));
    assert.deepEqual(await readdir(directory), ['bytes', 'text']);
  });

  it('replaces what was there, also by less', async (t) => {
    const path = join(await temporaryDirectory(t), 'file');
    await writeFileAtomically(path, 'much that was there before');
    await writeFileAtomically(path, 'less');
    assert.equal(await readFile(path, 'utf8'), 'less');
  });

  it('replaces the file instead of writing into it, so that a reader keeps what it opened', async (t) => {
    const path = join(await temporaryDirectory(t), 'file');
    await writeFileAtomically(path, 'old');
    const before = await stat(path);
    await writeFileAtomically(path, 'new');
    assert.notEqual((await stat(path)).ino, before.ino);
  });

  it('is on the disk before it takes the old one’s place, and that is on the disk before it returns', async (t) => {
    const directory = await temporaryDirectory(t);
    const synced = await recordSyncs(t, directory);
    await writeFileAtomically(join(directory, 'file'), 'text');
    assert.deepEqual(synced, [
      { path: '.file.new', names: ['.file.new'] },
      { path: '', names: ['file'] },
    ]);
  });

  it('makes directories that are on the disk, too, before it returns', async (t) => {
    const directory = await temporaryDirectory(t);
    const synced = await recordSyncs(t, directory);
    await writeFileAtomically(join(directory, 'one', 'two', 'file'), 'text');
    assert.deepEqual(synced.map(({ path }) => path).sort(), ['', 'one', 'one/two', 'one/two/.file.new']);
  });

  it('leaves no file open, whether it can write or not', async (t) => {
    const directory = await temporaryDirectory(t);
    await writeFileAtomically(join(directory, 'file'), 'text');
    await assert.rejects(writeFileAtomically(join(directory, 'file'), 7 as unknown as string));
    assert.deepEqual(openIn(directory), []);
  });

  it('is for the owner only unless told otherwise', async (t) => {
    const directory = await temporaryDirectory(t);
    await writeFileAtomically(join(directory, 'private'), '');
    await writeFileAtomically(join(directory, 'group'), '', 0o640);
    assert.equal(await modeOf(join(directory, 'private')), 0o600);
    assert.equal(await modeOf(join(directory, 'group')), 0o640);
  });

  it('does not keep the mode of the file that it replaces', async (t) => {
    const path = join(await temporaryDirectory(t), 'file');
    await writeFile(path, 'old', { mode: 0o644 });
    await writeFileAtomically(path, 'new');
    assert.equal(await modeOf(path), 0o600);
  });

  it('makes the directories that are missing, for the owner only', async (t) => {
    const directory = join(await temporaryDirectory(t), 'one', 'two');
    await writeFileAtomically(join(directory, 'file'), 'text');
    assert.equal(await readFile(join(directory, 'file'), 'utf8'), 'text');
    assert.equal(await modeOf(directory), 0o700);
  });

  it('makes directories that others may enter, and files that are another user’s, when told to', async (t) => {
    const path = join(await temporaryDirectory(t), 'etc', 'secret');
    // Only root may give files away; to oneself everybody may.
    const [userId, groupId] = process.getuid?.() === 0 ? [65_534, 65_533] : [userInfo().uid, userInfo().gid];
    await writeFileAtomically(path, 'x', 0o600, { directoryMode: 0o755, owner: { userId, groupId } });
    assert.equal((await stat(dirname(path))).mode & 0o777, 0o755);
    const { uid, gid, mode } = await stat(path);
    assert.deepEqual([uid, gid, mode & 0o777], [userId, groupId, 0o600]);
  });

  it('gets over what an earlier power cut left, whatever its content and mode', async (t) => {
    const directory = await temporaryDirectory(t);
    await writeFile(join(directory, '.file.new'), 'half of someth', { mode: 0o444 });
    await writeFileAtomically(join(directory, 'file'), 'whole');
    assert.equal(await readFile(join(directory, 'file'), 'utf8'), 'whole');
    assert.equal(await modeOf(join(directory, 'file')), 0o600);
    assert.deepEqual(await readdir(directory), ['file']);
  });

  it('says what is wrong when it cannot put the file in place, and leaves nothing beside it', async (t) => {
    const directory = await temporaryDirectory(t);
    await mkdir(join(directory, 'file', 'not empty'), { recursive: true });
    await assert.rejects(writeFileAtomically(join(directory, 'file'), 'text'), {
      code: /EISDIR|ENOTEMPTY|EEXIST/,
    });
    assert.deepEqual(await readdir(directory), ['file']);
  });

  it('leaves the old content when it cannot write the new', async (t) => {
    const directory = await temporaryDirectory(t);
    const path = join(directory, 'file');
    await writeFileAtomically(path, 'old');
    const unwritable = 7 as unknown as string;
    await assert.rejects(writeFileAtomically(path, unwritable), { code: 'ERR_INVALID_ARG_TYPE' });
    assert.equal(await readFile(path, 'utf8'), 'old');
    assert.deepEqual(await readdir(directory), ['file']);
  });

  it(
    'says so where the kernel lets nobody make a directory, and does not try for ever',
    { timeout: 20_000 },
    async () => {
      await assert.rejects(writeFileAtomically('/proc/dps-agent/test/state', 'new'), { code: 'ENOENT' });
    },
  );

  it('says what is wrong when the directory cannot be made', async (t) => {
    const blocker = join(await temporaryDirectory(t), 'a file');
    await writeFile(blocker, '');
    await assert.rejects(writeFileAtomically(join(blocker, 'file'), 'text'), { code: /ENOTDIR|EEXIST/ });
  });
});

describe('readFileIfPresent', () => {
  it('reads what was written', async (t) => {
    const path = join(await temporaryDirectory(t), 'file');
    await writeFileAtomically(path, 'Zürich €\n');
    assert.equal(await readFileIfPresent(path), 'Zürich €\n');
  });

  it('gives undefined where there is no file, or not even its directory', async (t) => {
    const directory = await temporaryDirectory(t);
    assert.equal(await readFileIfPresent(join(directory, 'file')), undefined);
    assert.equal(await readFileIfPresent(join(directory, 'nowhere', 'file')), undefined);
  });

  it('gives empty text for an empty file', async (t) => {
    const path = join(await temporaryDirectory(t), 'file');
    await writeFile(path, '');
    assert.equal(await readFileIfPresent(path), '');
  });

  it('rejects where there is something that cannot be read', async (t) => {
    await assert.rejects(readFileIfPresent(await temporaryDirectory(t)), { code: 'EISDIR' });
  });
});

describe('removeFile', () => {
  it('removes a file', async (t) => {
    const directory = await temporaryDirectory(t);
    await writeFileAtomically(join(directory, 'file'), 'text');
    await removeFile(join(directory, 'file'));
    assert.deepEqual(await readdir(directory), []);
  });

  it('has removed it for good when it returns', async (t) => {
    const directory = await temporaryDirectory(t);
    await writeFileAtomically(join(directory, 'file'), 'text');
    const synced = await recordSyncs(t, directory);
    await removeFile(join(directory, 'file'));
    assert.deepEqual(synced, [{ path: '', names: [] }]);
  });

  it('has nothing to do where there is no file, or not even its directory', async (t) => {
    const directory = await temporaryDirectory(t);
    await removeFile(join(directory, 'file'));
    await removeFile(join(directory, 'nowhere', 'file'));
  });
});

describe('setAside', () => {
  it('moves the file and says where to', async (t) => {
    const directory = await temporaryDirectory(t);
    await writeFileAtomically(join(directory, 'file'), 'damaged');
    assert.equal(await setAside(join(directory, 'file')), join(directory, 'file.damaged'));
    assert.equal(await readFile(join(directory, 'file.damaged'), 'utf8'), 'damaged');
    assert.deepEqual(await readdir(directory), ['file.damaged']);
  });

  it('has moved it for good when it returns', async (t) => {
    const directory = await temporaryDirectory(t);
    await writeFileAtomically(join(directory, 'file'), 'damaged');
    const synced = await recordSyncs(t, directory);
    await setAside(join(directory, 'file'));
    assert.deepEqual(synced, [{ path: '', names: ['file.damaged'] }]);
  });

  it('replaces what was set aside before', async (t) => {
    const directory = await temporaryDirectory(t);
    for (const text of ['first', 'second']) {
      await writeFileAtomically(join(directory, 'file'), text);
      await setAside(join(directory, 'file'));
    }
    assert.equal(await readFile(join(directory, 'file.damaged'), 'utf8'), 'second');
  });

  it('rejects where there is no file', async (t) => {
    await assert.rejects(setAside(join(await temporaryDirectory(t), 'file')), { code: 'ENOENT' });
  });
});
