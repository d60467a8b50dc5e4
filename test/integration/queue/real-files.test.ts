import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { it } from 'node:test';
import { SystemClock } from '../../../src/lib/clock.ts';
import { openDiskQueue } from '../../../src/telemetry/queue/disk-queue.ts';
import { NodeQueueFiles } from '../../../src/telemetry/queue/node-queue-files.ts';
import type { DiskQueue } from '../../../src/telemetry/queue/running-queue.ts';
import { RecordingLog } from '../../fakes/recording-log.ts';
import { temporaryDirectory } from '../../fakes/temporary-directory.ts';
import { draft, plenty } from '../../unit/telemetry/queue/world.ts';

const never = new AbortController().signal;

it('keeps messages in real files over a restart, and removes the files when all is delivered', async (test) => {
  const directory = join(await temporaryDirectory(test), 'queue');
  await withQueue(directory, async (queue) => {
    for (let index = 0; index < 5000; index += 1) {
      const offer = queue.offer(
        draft(`${index} ${'x'.repeat(200)}`, { priority: index % 2 ? 'high' : 'low' }),
      );
      if (index === 4999 && offer.accepted) assert.equal(await offer.safe, 'disk');
    }
  });
  await withQueue(directory, async (queue) => {
    assert.equal(queue.depth, 5000);
    for (const priority of ['high', 'low'] as const)
      for (let index = priority === 'high' ? 1 : 0; index < 5000; index += 2) {
        const entry = await queue.take(priority, never);
        assert.ok(entry);
        assert.ok(entry.message.body.toString().startsWith(`${index} `));
        queue.acknowledge(entry);
      }
    assert.equal(queue.depth, 0);
  });
  const files = await readdir(directory, { recursive: true });
  assert.deepEqual(files.sort(), ['high', 'low', 'state.json']);
});

async function withQueue(directory: string, use: (queue: DiskQueue) => Promise<void>): Promise<void> {
  const queue = await openDiskQueue({
    ...{ directory, files: new NodeQueueFiles(), clock: new SystemClock(), log: new RecordingLog() },
    settings: () => plenty,
    trustsClock: () => true,
  });
  const stop = new AbortController();
  const running = queue.run(stop.signal);
  await use(queue);
  stop.abort();
  await running;
  await queue.close();
}
