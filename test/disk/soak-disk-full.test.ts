import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { SystemClock } from '../../src/lib/clock.ts';
import { diskFull } from '../../src/soak/faults/disk-full.ts';
import { battlefield, member } from '../fakes/battlefield.ts';

const never = new AbortController().signal;

it('the soak fills a small disk, takes what is freed, and leaves it as it was', async (test) => {
  const mount = mkdtempSync(join(tmpdir(), 'dps-agent-disk-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', mount]);
  test.after(() => {
    execFileSync('umount', [mount]);
    rmSync(mount, { recursive: true });
  });
  const free = (): number => statfsSync(mount).bavail;
  const clock = new SystemClock();
  const field = { ...battlefield([member('one', { folder: mount })]), clock };
  const before = free();
  writeFileSync(join(mount, 'queue'), Buffer.alloc(500_000));

  assert.equal(diskFull.unavailable(field), undefined);
  const strike = diskFull.make({}, field.fleet.members, field);
  const over = new AbortController();
  const running = strike.run(over.signal);
  while (free() > 0) await clock.sleep(20, never);
  assert.throws(() => {
    writeFileSync(join(mount, 'more'), Buffer.alloc(100_000));
  }, /ENOSPC/);

  rmSync(join(mount, 'queue'));
  rmSync(join(mount, 'more'));
  assert.ok(free() > 0);
  while (free() > 0) await clock.sleep(20, never);

  over.abort(new Error('the fault is over'));
  await running;
  assert.deepEqual(readdirSync(mount), []);
  assert.equal(free(), before);
});
