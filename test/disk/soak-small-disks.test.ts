import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { diskFull } from '../../src/soak/faults/disk-full.ts';
import { mountSmallDisks } from '../../src/soak/faults/small-disks.ts';
import { battlefield, member } from '../fakes/battlefield.ts';
import { RecordingLog } from '../fakes/recording-log.ts';

it('gives state directories small disks of their own, and takes them away again', async (test) => {
  const folder = mkdtempSync(join(tmpdir(), 'dps-agent-disk-'));
  test.after(() => {
    rmSync(folder, { recursive: true });
  });
  const members = [member('one', { folder })];
  const before = statfsSync(folder).blocks;
  assert.match(diskFull.unavailable(battlefield(members)) ?? '', /of its own/);

  const away = await mountSmallDisks(members, new RecordingLog());
  assert.notEqual(statfsSync(folder).blocks, before);
  assert.equal(diskFull.unavailable(battlefield(members)), undefined);
  writeFileSync(join(folder, 'queue'), 'something');

  await away();
  assert.equal(statfsSync(folder).blocks, before);
  assert.deepEqual(readdirSync(folder), []);
});

it('says where a small disk cannot be had, and is content', async () => {
  const log = new RecordingLog();
  const away = await mountSmallDisks([member('one', { folder: '/nowhere/at/all' })], log);
  assert.deepEqual(
    log.lines.map(({ level, message }) => [level, message]),
    [['warn', 'cannot mount a small disk']],
  );
  await away();
});
