import { join } from 'node:path';
import { describeError } from '../../lib/errors.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import { priorities } from '../priority.ts';
import type { Priority } from '../priority.ts';
import type { Drops } from './drops.ts';
import { Lane } from './lane.ts';
import type { QueueFiles } from './queue-files.ts';
import type { QueueState } from './queue-state.ts';
import { recoverSegment } from './recovery.ts';
import type { Lanes } from './room.ts';
import { segmentDirectory, segmentFileName, segmentNumber } from './segment.ts';
import type { Segment } from './segment.ts';

export interface OpenedLanes {
  readonly lanes: Lanes;
  /** Segments that a run before did not end properly. */
  readonly unsealed: readonly Segment[];
  /** Numbers found in use: what is given next is above them, whatever the saved state says. */
  readonly highestSequence: number;
  readonly highestSegment: number;
}

/** Finds the messages of earlier runs. What cannot be read is counted or said, and never stops the start. */
export async function openLanes(
  parts: { directory: string; files: QueueFiles; clock: Clock; log: Log; drops: Drops },
  saved: QueueState | undefined,
): Promise<OpenedLanes> {
  const lanes = Object.fromEntries(
    priorities.map((priority) => [priority, new Lane(priority, segmentDirectory(parts.directory, priority))]),
  ) as Record<Priority, Lane>;
  const unsealed: Segment[] = [];
  const queueIds = new Set(saved === undefined ? [] : [saved.queueId]);
  let [highestSequence, highestSegment] = [0, 0];
  for (const priority of priorities) {
    const lane = lanes[priority];
    for (const number of await segmentNumbers(lane)) {
      highestSegment = Math.max(highestSegment, number);
      const segment = await openSegment(number, lane);
      if (segment === undefined) continue;
      queueIds.add(segment.queueId);
      highestSequence = Math.max(highestSequence, segment.summary.lastSequence);
    }
  }
  return { lanes, unsealed, highestSequence, highestSegment };

  async function segmentNumbers({ directory }: Lane): Promise<number[]> {
    try {
      const names = await parts.files.list(directory);
      return names.flatMap((name) => segmentNumber(name) ?? []).sort((a, b) => a - b);
    } catch (error) {
      sayUnread(directory, error);
      return [];
    }
  }

  function sayUnread(what: string, error: unknown): void {
    const reason = describeError(error);
    parts.log.error(
      { error: reason },
      `cannot read the queued messages in ${what}: ${reason}; they are left for the next start`,
    );
  }

  async function openSegment(number: number, lane: Lane): Promise<Segment | undefined> {
    const { files, drops, clock } = parts;
    const { priority, directory } = lane;
    const cursor = saved?.cursors[priority].find((one) => one.number === number);
    try {
      const { segment, damaged, sealed } = await recoverSegment(
        { files, directory, priority, queueIds },
        number,
        cursor,
      );
      lane.attach(segment);
      if (!sealed) unsealed.push(segment);
      // With a cursor it comes out when the segment is read: some of it may have been delivered.
      if (cursor === undefined) drops.count(priority, 'corrupt', { count: damaged, ...span(segment, clock) });
      // Cut short of what its cursor says is left.
      if (!segment.hasUnread) drops.count(priority, 'corrupt', lane.countMissing(segment));
      return segment;
    } catch (error) {
      sayUnread(join(directory, segmentFileName(number)), error);
      return undefined;
    }
  }
}

function span({ summary }: Segment, clock: Clock): { fromMs: number; toMs: number } {
  if (summary.count > 0) return { fromMs: summary.oldestMs, toMs: summary.newestMs };
  const nowMs = clock.now().getTime();
  return { fromMs: nowMs, toMs: nowMs };
}
