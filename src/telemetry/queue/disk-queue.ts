import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import { systemRandom } from '../../lib/random.ts';
import type { Random } from '../../lib/random.ts';
import { DeadLetterBox } from './dead-letter-box.ts';
import { DeadLetterFile } from './dead-letter.ts';
import { DiskQueue } from './running-queue.ts';
import { Drops } from './drops.ts';
import { loadLosses } from './loss-file.ts';
import { Numbering } from './numbering.ts';
import { openLanes } from './open-lanes.ts';
import type { OpenedLanes } from './open-lanes.ts';
import type { QueueFiles } from './queue-files.ts';
import type { QueueSettings } from './queue-settings.ts';
import { loadState, newQueueId } from './queue-state.ts';
import type { QueueState } from './queue-state.ts';
import { sealRecovered } from './recovery.ts';
import { Room } from './room.ts';
import { SegmentWriter } from './segment-writer.ts';
import { StorageHealth } from './storage-health.ts';
import { Store } from './store.ts';

export interface DiskQueueOptions {
  /** The queue's own; made when it is missing. */
  readonly directory: string;
  /** Asked anew whenever it matters. */
  readonly settings: () => QueueSettings;
  readonly files: QueueFiles;
  readonly clock: Clock;
  readonly random?: Random;
  readonly log: Log;
  /** Whether the wall clock is right: while it is not, nothing expires. */
  readonly trustsClock: () => boolean;
}

/** Opens the queue with what earlier runs left in it. A disk that fails is said, and never stops the start. */
export async function openDiskQueue(options: DiskQueueOptions): Promise<DiskQueue> {
  const { directory, files, clock, random = systemRandom, log } = options;
  const health = new StorageHealth(directory, clock, random, log);
  const drops = new Drops(log);
  const found = await findLastRun(options, drops, health);
  const { saved, opened } = found;
  const { lanes, unsealed } = opened;
  const parts = {
    ...options,
    random,
    lanes,
    drops,
    room: new Room(lanes, drops),
    writer: new SegmentWriter(files),
  };
  let numbering = numberingAfter(saved?.queueId ?? newQueueId(), saved, opened);
  let store = new Store({ ...parts, numbering });
  try {
    if (drops.tally.changed) await store.saveLosses();
    for (const segment of unsealed) if (!segment.gone) await sealRecovered(files, segment);
    await store.reserve();
  } catch (error) {
    health.failed(error);
    // Nothing keeps these numbers from being given once more after a crash, unless they are another queue's.
    numbering = numberingAfter(newQueueId(), saved, opened);
    store = new Store({ ...parts, numbering });
  }
  const deadLetters = new DeadLetterBox(new DeadLetterFile(files, directory), log);
  return new DiskQueue({ ...parts, numbering, store, health, deadLetters });
}

interface LastRun {
  readonly saved: QueueState | undefined;
  readonly opened: OpenedLanes;
}

async function findLastRun(options: DiskQueueOptions, drops: Drops, health: StorageHealth): Promise<LastRun> {
  const { directory, files } = options;
  const attempt = async <T>(work: Promise<T>): Promise<T | undefined> => {
    try {
      return await work;
    } catch (error) {
      health.failed(error);
      return undefined;
    }
  };
  await attempt(files.makeDirectory(directory));
  const saved = await attempt(loadState(files, directory));
  const { losses, removing } = (await attempt(loadLosses(files, directory))) ?? { losses: [], removing: [] };
  for (const loss of losses) drops.tally.add(loss);
  // Once they are removed, other files may come to bear their names.
  drops.tally.changed = removing.length > 0;
  // Their messages are among the losses: delivered now, they would be told of twice.
  for (const path of removing) if (path.startsWith(directory)) await attempt(files.remove(path));
  const opened = await openLanes({ ...options, drops }, saved);
  if (saved === undefined && opened.highestSegment > 0)
    options.log.warn(
      { directory },
      'the state of the telemetry queue is lost: what was acknowledged may be sent again, new messages bear another ID',
    );
  return { saved, opened };
}

function numberingAfter(queueId: string, saved: QueueState | undefined, opened: OpenedLanes): Numbering {
  return new Numbering(queueId, {
    nextSequence: Math.max(saved?.nextSequence ?? 1, opened.highestSequence + 1),
    nextSegment: Math.max(saved?.nextSegment ?? 1, opened.highestSegment + 1),
  });
}
