import assert from 'node:assert/strict';
import { mkdir, readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { describe, it } from 'node:test';
import type { PlannedFile } from '../../../src/init/config-text.ts';
import { refuseUnwritable, writeFiles } from '../../../src/init/write-files.ts';
import { temporaryDirectory } from '../../fakes/temporary-directory.ts';

const at = new Date('2026-11-22T12:30:00Z');
const fresh = { force: false, at };

const planned = (directory: string, secret = 'key\n', config = 'provisioning:\n'): readonly PlannedFile[] => [
  { path: join(directory, 'device-key'), content: secret, isSecret: true },
  { path: join(directory, 'config.yaml'), content: config, isSecret: false },
];

const modeOf = async (path: string): Promise<number> => (await stat(path)).mode & 0o777;

describe('the files of a first configuration', () => {
  it('are for everybody, but for the secrets, and so is their directory', async (t) => {
    const directory = join(await temporaryDirectory(t), 'etc', 'dps-agent');
    const written = await writeFiles(planned(directory), fresh);
    assert.deepEqual(
      written.map(({ mode, kept }) => [mode, kept]),
      [
        [0o600, undefined],
        [0o644, undefined],
      ],
    );
    assert.equal(await modeOf(directory), 0o755);
    assert.equal(await modeOf(join(directory, 'device-key')), 0o600);
    assert.equal(await modeOf(join(directory, 'config.yaml')), 0o644);
    assert.deepEqual(await readdir(directory), ['config.yaml', 'device-key']);
  });

  it('leave the secrets to the user of the service', async (t) => {
    const directory = await temporaryDirectory(t);
    const mine = userInfo();
    // Only root may give files away.
    const [userId, groupId] = process.getuid?.() === 0 ? [65_534, 65_533] : [mine.uid, mine.gid];
    await writeFiles(planned(directory), { ...fresh, owner: { userId, groupId } });
    const owners = await Promise.all(planned(directory).map(async ({ path }) => (await stat(path)).uid));
    assert.deepEqual(owners, [userId, mine.uid]);
  });

  it('do not take the place of others', async (t) => {
    const directory = await temporaryDirectory(t);
    await writeFile(join(directory, 'device-key'), 'another\n');
    await assert.rejects(writeFiles(planned(directory), fresh), {
      name: 'Refusal',
      message: `cannot write ${join(directory, 'device-key')}: it is there already; --force replaces it, and keeps a copy`,
    });
    assert.deepEqual(await readdir(directory), ['device-key']);
  });

  it('take it with force, and keep what was there', async (t) => {
    const directory = await temporaryDirectory(t);
    await writeFiles(planned(directory), fresh);
    const written = await writeFiles(planned(directory, 'new\n', 'provisioning: {}\n'), { force: true, at });
    const kept = written.map((file) => file.kept ?? '');
    assert.deepEqual(
      kept,
      planned(directory).map(({ path }) => `${path}.20261122T123000Z`),
    );
    assert.deepEqual(await Promise.all(kept.map((path) => readFile(path, 'utf8'))), [
      'key\n',
      'provisioning:\n',
    ]);
    assert.equal(await modeOf(kept[0] ?? ''), 0o600);
    assert.equal(await readFile(join(directory, 'device-key'), 'utf8'), 'new\n');
  });

  it('are in nobody’s way where they are there already, word for word, but get their mode', async (t) => {
    const directory = await temporaryDirectory(t);
    await writeFile(join(directory, 'device-key'), 'key\n', { mode: 0o644 });
    await writeFiles(planned(directory), fresh);
    assert.equal(await modeOf(join(directory, 'device-key')), 0o600);
    assert.deepEqual(await readdir(directory), ['config.yaml', 'device-key']);
  });

  it('are all there, or none: what was there comes back when one cannot be written', async (t) => {
    const directory = await temporaryDirectory(t);
    await writeFile(join(directory, 'device-key'), 'old\n', { mode: 0o600 });
    // Where the file that becomes the configuration would be written first.
    await mkdir(join(directory, '.config.yaml.new'));
    await assert.rejects(writeFiles(planned(directory), { force: true, at }), {
      name: 'Refusal',
      message: 'cannot write the configuration; nothing has been changed',
    });
    assert.equal(await readFile(join(directory, 'device-key'), 'utf8'), 'old\n');
    assert.ok(!(await readdir(directory)).includes('config.yaml'));
  });
});

describe('where no configuration can be written', () => {
  it('that is said before anything is asked', async (t) => {
    const directory = await temporaryDirectory(t);
    await writeFile(join(directory, 'file'), '');
    const inAFile = join(directory, 'file', 'config.yaml');
    await assert.rejects(refuseUnwritable(inAFile, false), ({ name, message, cause }: Error) => {
      assert.equal(`${name}: ${message}`, `Refusal: cannot look at ${inAFile}`);
      assert.match(String(cause), /ENOTDIR/);
      return true;
    });
    await assert.rejects(refuseUnwritable(join(directory, 'file'), false), /--force replaces it/);
  });

  it('a directory that is yet to be made is no hindrance', async (t) => {
    await refuseUnwritable(join(await temporaryDirectory(t), 'a', 'b', 'config.yaml'), false);
  });
});
