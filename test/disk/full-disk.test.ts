import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import type { TestContext } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { SystemClock } from '../../src/lib/clock.ts';
import type { Priority } from '../../src/telemetry/priority.ts';
import { openDiskQueue } from '../../src/telemetry/queue/disk-queue.ts';
import { NodeQueueFiles } from '../../src/telemetry/queue/node-queue-files.ts';
import type { DiskQueue } from '../../src/telemetry/queue/running-queue.ts';
import { RecordingLog } from '../fakes/recording-log.ts';
import { draft, plenty } from '../unit/telemetry/queue/world.ts';

const never = new AbortController().signal;
const settings = { ...plenty, flushIntervalMs: 50, minFreeBytes: 300_000, memoryMaxBytes: 400_000 };

/** A file system of 2 MB, and a queue on it that runs until the test is over. */
async function smallDisk(test: TestContext): Promise<{ mount: string; queue: DiskQueue; log: RecordingLog }> {
  const mount = mkdtempSync(join(tmpdir(), 'dps-agent-disk-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', mount]);
  const log = new RecordingLog();
  const queue = await openDiskQueue({
    ...{ directory: join(mount, 'queue'), files: new NodeQueueFiles(), clock: new SystemClock(), log },
    settings: () => settings,
    trustsClock: () => true,
  });
  const stop = new AbortController();
  const running = queue.run(stop.signal);
  test.after(async () => {
    stop.abort();
    await running;
    await queue.close();
    execFileSync('umount', [mount]);
    rmSync(mount, { recursive: true });
  });
  return { mount, queue, log };
}

it('lives with a disk that is filled and freed while it runs, and loses the low priority first', async (test) => {
  const { mount, queue, log } = await smallDisk(test);
  await fill(queue, 'low', 1000);
  await fill(queue, 'high', 900);
  assert.equal(queue.status.storage, 'disk');
  const droppedOnDisk = queue.status.dropped.low.disk_full;
  assert.ok(droppedOnDisk > 0, 'what is low pays for what is high');
  assert.equal(queue.status.dropped.high.disk_full, 0);

  // With nothing on the disk to pay with, there is only memory.
  assert.equal(await drain(queue, 'high'), 900);
  assert.equal(await drain(queue, 'low'), 1000 - droppedOnDisk);
  await until(() => readdirSync(join(mount, 'queue', 'low')).length === 0);
  occupy(mount, 2_000_000);
  await fill(queue, 'low', 200);
  assert.equal(queue.status.storage, 'memory');
  assert.equal(log.lines.filter(({ message }) => message.startsWith('cannot write')).length, 1);
  await fill(queue, 'low', 400);
  rmSync(join(mount, 'other'));
  await until(() => queue.status.storage === 'disk');
  assert.equal(log.lines.filter(({ message }) => message.includes('to the disk again')).length, 1);

  const lost = queue.status.dropped.low.disk_full;
  assert.equal(await drain(queue, 'low'), 1600 - lost - (1000 - droppedOnDisk));
  assert.equal(
    queue.losses.reduce((sum, { count }) => sum + count, 0),
    lost,
  );
});

it('keeps messages in memory while the disk is read-only, and writes them when it is writable again', async (test) => {
  const { mount, queue, log } = await smallDisk(test);
  await fill(queue, 'normal', 10);
  // Not while a file is open for writing: the kernel would refuse.
  await drain(queue, 'normal');
  await until(() => remount(mount, 'ro'));
  const offer = queue.offer(draft('kept', { priority: 'normal' }));
  assert.ok(offer.accepted);
  assert.equal(await offer.safe, 'memory');
  assert.equal(queue.status.storage, 'memory');
  assert.match(String(log.messages('error')), /read-only/);
  remount(mount, 'rw');
  await until(() => queue.status.storage === 'disk');
  assert.equal(await drain(queue, 'normal'), 1);
});

async function fill(queue: DiskQueue, priority: Priority, count: number): Promise<void> {
  for (let left = count; left > 0; left -= 1) {
    await queue.ready(never);
    const offer = queue.offer(draft('x'.repeat(1000), { priority }));
    if (left === 1 && offer.accepted) await offer.safe;
  }
}

/** Takes and acknowledges all there is of a priority, and returns how many that were. */
async function drain(queue: DiskQueue, priority: Priority): Promise<number> {
  let count = 0;
  for (; queue.status.priorities[priority].messages > 0; count += 1) {
    const entry = await queue.take(priority, never);
    assert.ok(entry);
    queue.acknowledge(entry);
  }
  return count;
}

/** Another program's file, as large as the file system lets it be. */
function occupy(mount: string, bytes: number): void {
  for (let left = bytes; left > 4096; left = Math.floor(left / 2))
    try {
      writeFileSync(join(mount, 'other'), Buffer.alloc(left), { flag: 'a' });
    } catch {
      // Half of it, then: the file is to fill the disk, however little is left.
    }
}

function remount(mount: string, how: 'ro' | 'rw'): boolean {
  try {
    execFileSync('mount', ['-o', `remount,${how}`, mount], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

async function until(condition: () => boolean): Promise<void> {
  for (let left = 400; !condition(); left -= 1) {
    assert.ok(left > 0, `in vain: ${condition.toString()}`);
    await wait(50);
  }
}
