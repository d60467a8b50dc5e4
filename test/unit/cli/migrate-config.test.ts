import assert from 'node:assert/strict';
import { chmod, mkdir, readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, it } from 'node:test';
import { migrateConfig, migrationText } from '../../../src/cli/migrate-config.ts';
import { Scratch } from '../../support/scratch.ts';

const scratch = new Scratch();
afterEach(() => scratch.clean());
const now = new Date('2026-01-31T12:00:00.500Z');
const before = 'provisioning:\n  id_scope: 0ne0012ABCD\n';
const after = 'version: 1\nprovisioning:\n  scope_id: 0ne0012ABCD\n';

describe('config migrate', () => {
  it('keeps a copy beside, the mode, and does its drop-ins, too', async () => {
    const { path, folder } = await written(before, 'log: {}\n');
    await chmod(path, 0o640);
    const files = await migrateConfig(path, { isDryRun: false }, now);
    assert.deepEqual(
      [await text(path), await text(join(folder, 'config.d/a.yaml'))],
      [after, 'version: 1\nlog: {}\n'],
    );
    assert.equal(files[0]?.backup, `${path}.bak-20260131T120000Z`);
    assert.equal(await text(files[0].backup), before);
    for (const each of [path, files[0].backup]) assert.equal((await stat(each)).mode & 0o777, 0o640);
    assert.match(
      migrationText(files, false),
      /config\.yaml: changed; what it was is in .*Z\n {2}id_scope is now/,
    );
    const again = await migrateConfig(path, { isDryRun: false }, now);
    assert.equal(migrationText(again, false), again.map(({ file }) => `${file}: nothing to do\n`).join(''));
  });

  it('changes nothing for a dry run', async () => {
    const { path, folder } = await written(before, '# log: {}\n');
    const files = await migrateConfig(path, { isDryRun: true }, now);
    assert.match(migrationText(files, true), /would be changed\n/);
    assert.equal(await text(path), before);
    assert.deepEqual((await readdir(folder)).toSorted(), ['config.d', 'config.yaml']);
  });

  it('changes nothing of a file that an editor has not saved as UTF-8, whose letters it would lose', async () => {
    const { path } = await written(before, '');
    const latin = Buffer.from(`# Zürich\n${before}`, 'latin1');
    await writeFile(path, latin);
    await assert.rejects(migrateConfig(path, { isDryRun: false }, now), /config\.yaml:1:4: .* not UTF-8/);
    assert.deepEqual(await readFile(path), latin);
  });

  it('changes nothing when one of the files cannot be', async () => {
    const { path } = await written(before, 'version: 9\n');
    await assert.rejects(migrateConfig(path, { isDryRun: false }, now), /a\.yaml:1:10: version/);
    assert.equal(await text(path), before);
  });
});

async function written(config: string, dropIn: string): Promise<{ path: string; folder: string }> {
  const folder = await scratch.folder();
  await mkdir(join(folder, 'config.d'));
  await writeFile(join(folder, 'config.yaml'), config);
  await writeFile(join(folder, 'config.d/a.yaml'), dropIn);
  return { path: join(folder, 'config.yaml'), folder };
}

function text(path: string): Promise<string> {
  return readFile(path, 'utf8');
}
