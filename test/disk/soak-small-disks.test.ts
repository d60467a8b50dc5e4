import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
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

it('takes them away when whoever gave them is killed', async (test) => {
  const folder = mkdtempSync(join(tmpdir(), 'dps-agent-disk-'));
  test.after(() => {
    rmSync(folder, { recursive: true });
  });
  const before = statfsSync(folder).blocks;
  const source = new URL('../../src/soak/faults/small-disks.ts', import.meta.url).href;
  const script = `
    const { mountSmallDisks } = await import(${JSON.stringify(source)});
    await mountSmallDisks([{ stateDirectory: ${JSON.stringify(folder)} }], { warn: console.error });
    console.log('mounted');
    setInterval(() => {}, 1000);`;
  const director = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(director.stdout, 'data');
  assert.notEqual(statfsSync(folder).blocks, before);

  director.kill('SIGKILL');
  const deadline = AbortSignal.timeout(10_000);
  while (statfsSync(folder).blocks !== before) await sleep(20, undefined, { signal: deadline });
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
