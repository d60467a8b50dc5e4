import { join } from 'node:path';
import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import { priorities } from '../priority.ts';
import type { Drops } from './drops.ts';
import type { Entry } from './entry.ts';
import type { Lane } from './lane.ts';
import { saveLosses } from './loss-file.ts';
import type { Numbering } from './numbering.ts';
import type { QueueFiles } from './queue-files.ts';
import type { QueueSettings } from './queue-settings.ts';
import { noCursors, saveState } from './queue-state.ts';
import type { Lanes, Room } from './room.ts';
import { Segment, segmentFileName } from './segment.ts';
import { headerBytes } from './segment-format.ts';
import { sealBytes } from './segment-writer.ts';
import type { SegmentWriter } from './segment-writer.ts';
import { DiskFullError, isDiskFull } from './storage-health.ts';

/** What the queue and its store share. */
export interface StoreParts {
  readonly directory: string;
  readonly settings: () => QueueSettings;
  readonly files: QueueFiles;
  readonly clock: Clock;
  readonly log: Log;
  readonly lanes: Lanes;
  readonly drops: Drops;
  readonly room: Room;
  readonly writer: SegmentWriter;
  readonly numbering: Numbering;
}

const largestSegmentBytes = 524_288;
const smallestSegmentBytes = 16_384;

/** The queue's files: everything that waits for the disk. Its calls reject as the disk does, and never overlap. */
export class Store {
  readonly #parts: StoreParts;
  #savedBytes = 0;
  #keepsOrphans = false;

  constructor(parts: StoreParts) {
    this.#parts = parts;
  }

  /** Writes what is in memory only and nobody has taken, and the rest as far as it is that old. */
  async flush(minAgeMs: number): Promise<void> {
    const { lanes, clock } = this.#parts;
    for (const priority of priorities) {
      const lane = lanes[priority];
      const batch = lane.collect(clock.monotonic(), minAgeMs);
      try {
        await this.#write(lane, batch);
      } finally {
        lane.notWritten();
      }
    }
  }

  /**
   * Removes the files of segments that have nothing left; what was lost with them is on record before. Those of which
   * something is being sent that could not be written elsewhere stay.
   */
  async removeEmptied(): Promise<void> {
    const failure = await failureOf(this.#keepOrphans());
    const emptied = priorities.flatMap((priority) => this.#parts.lanes[priority].emptied);
    const dropped = emptied.filter((segment) => segment.dropped && isSpent(segment)).map(({ path }) => path);
    // A full disk may have no room for the record, and room is what this makes: then it is written afterwards.
    const unrecorded = dropped.length === 0 ? undefined : await failureOf(this.saveLosses(dropped));
    if (unrecorded !== undefined && !isDiskFull(unrecorded)) throw unrecorded;
    for (const priority of priorities) await this.#removeFiles(this.#parts.lanes[priority].emptied);
    if (unrecorded !== undefined) await this.saveLosses();
    if (failure !== undefined) throw failure;
  }

  async saveLosses(removing: readonly string[] = []): Promise<void> {
    const { files, directory, drops } = this.#parts;
    const { tally } = drops;
    tally.changed = false;
    try {
      this.#savedBytes += await saveLosses(files, directory, { losses: tally.losses, removing });
    } catch (error) {
      tally.changed = true;
      throw error;
    }
  }

  /** Since the start. */
  get bytesWritten(): number {
    return this.#parts.writer.bytesWritten + this.#savedBytes;
  }

  /** Rejects if the disk cannot be written. May overlap with the other calls. */
  async probe(): Promise<void> {
    const { files, directory } = this.#parts;
    const path = join(directory, 'probe');
    await files.makeDirectory(directory);
    const file = await files.open(path, 'edit');
    try {
      await file.write(Buffer.from('\n'), 0);
      await file.sync();
    } finally {
      await file.close();
      await files.remove(path);
    }
  }

  /** While running: numbers are set aside. */
  async reserve(): Promise<void> {
    const { files, directory, numbering, lanes } = this.#parts;
    const { reservation } = numbering;
    // Not of one that is being appended to: what comes is not in its cursor.
    const cursors = noCursors();
    for (const priority of priorities) {
      const { segments, active } = lanes[priority];
      cursors[priority] = segments.filter((segment) => segment !== active).map(({ cursor }) => cursor);
    }
    this.#savedBytes += await saveState(files, directory, { ...reservation, cursors });
    numbering.hasReserved(reservation);
  }

  /** Nothing will be written any more: ends the segments and saves how far each has come. */
  async close(): Promise<void> {
    const { files, directory, numbering, lanes } = this.#parts;
    for (const priority of priorities) await this.#end(lanes[priority]);
    await this.removeEmptied();
    if (this.#parts.drops.tally.changed) await this.saveLosses();
    const cursors = noCursors();
    for (const priority of priorities)
      cursors[priority] = lanes[priority].segments.map(({ cursor }) => cursor);
    this.#savedBytes += await saveState(files, directory, { ...numbering.exact, cursors });
  }

  /** What is being sent of dropped segments is written once more before their files go. */
  async #keepOrphans(): Promise<void> {
    // Making space for it comes here again.
    if (this.#keepsOrphans) return;
    this.#keepsOrphans = true;
    try {
      for (const priority of priorities) {
        const lane = this.#parts.lanes[priority];
        for (const { orphans } of [...lane.emptied]) await this.#write(lane, orphans);
      }
    } finally {
      this.#keepsOrphans = false;
    }
  }

  async #write(lane: Lane, batch: readonly Entry[]): Promise<void> {
    for (let rest = unwritten(batch); rest.length > 0; rest = unwritten(rest)) {
      await this.#makeSpace(lane, rest);
      // Acknowledged meanwhile, perhaps.
      const left = unwritten(rest);
      if (left.length === 0) return;
      const maxBytes = this.#segmentBytes(lane);
      const segment = await this.#segmentFor(lane, left, maxBytes);
      const run = left.slice(0, howManyFit(left, maxBytes - sealBytes - segment.summary.end));
      await this.#append(lane, segment, run, maxBytes, run.length < left.length);
    }
  }

  async #append(
    lane: Lane,
    segment: Segment,
    run: readonly Entry[],
    maxBytes: number,
    seal: boolean,
  ): Promise<void> {
    const position = segment.summary.end;
    segment.busy = true;
    try {
      await this.#parts.writer.append(segment, run, maxBytes, seal);
    } catch (error) {
      await failureOf(closeFile(segment));
      lane.abandon(segment);
      if (isDiskFull(error) && (await this.#pay(lane))) return;
      throw error;
    }
    lane.written(segment, run, position);
    for (const entry of run) entry.reached('disk');
    segment.busy = false;
    if (seal) await this.#leave(lane, segment);
    lane.discardIfEmpty(segment);
  }

  /** The segment to append to: the active one, unless the next message does not fit into it. */
  async #segmentFor(lane: Lane, [first]: readonly Entry[], maxBytes: number): Promise<Segment> {
    const { active } = lane;
    const fits = active !== undefined && active.summary.end + (first?.bytes ?? 0) + sealBytes <= maxBytes;
    if (fits) return active;
    if (active !== undefined) {
      await this.#parts.writer.seal(active);
      await this.#leave(lane, active);
    }
    const segment = await this.#newSegment(lane);
    // Until its first bytes are written it must not be taken for an empty one.
    segment.busy = true;
    lane.attach(segment);
    lane.active = segment;
    return segment;
  }

  /** Under a name that no file has: what could not be read at the start may stand there still, whatever its number. */
  async #newSegment({ directory }: Lane): Promise<Segment> {
    const { files, numbering } = this.#parts;
    const names = new Set(await files.list(directory));
    let number = numbering.nextSegment();
    while (names.has(segmentFileName(number))) number = numbering.nextSegment();
    return new Segment(directory, { queueId: numbering.queueId, number });
  }

  async #makeSpace(lane: Lane, rest: readonly Entry[]): Promise<void> {
    const { files, directory, settings } = this.#parts;
    const { minFreeBytes } = settings();
    const ahead = lane.active === undefined ? 0 : lane.active.fileBytes - lane.active.summary.end;
    const wanted = Math.min(largestSegmentBytes, sumOf(rest)) + headerBytes - ahead;
    if (wanted <= 0) return;
    // A disk that failed at the start may have none yet, and what was there may have been deleted.
    await files.makeDirectory(lane.directory);
    let free = await files.freeBytes(directory);
    while (free - wanted < minFreeBytes) {
      const { room } = this.#parts;
      const before = room.heldBytes;
      // Where all there is would not do, nothing is given away for it.
      const isEnough = free + room.payableBytes(lane.priority) - wanted >= minFreeBytes;
      if (!isEnough || !(await this.#pay(lane)))
        throw new DiskFullError(
          `cannot go below ${minFreeBytes} bytes of free space: ${free} are left, ${wanted} are wanted`,
        );
      // Some file systems tell of the room only later.
      free = Math.max(free + before - room.heldBytes, await files.freeBytes(directory));
    }
  }

  async #pay(lane: Lane): Promise<boolean> {
    if (!this.#parts.room.payFor(lane.priority)) return false;
    await this.removeEmptied();
    return true;
  }

  #segmentBytes(lane: Lane): number {
    const share = this.#parts.settings().priorities[lane.priority].maxBytes / 8;
    return Math.floor(Math.max(smallestSegmentBytes, Math.min(largestSegmentBytes, share)));
  }

  async #end(lane: Lane): Promise<void> {
    const { active } = lane;
    if (active === undefined) return;
    await this.#parts.writer.seal(active);
    await active.file?.sync();
    await this.#leave(lane, active);
  }

  async #leave(lane: Lane, segment: Segment): Promise<void> {
    if (lane.active === segment) lane.active = undefined;
    await closeFile(segment);
  }

  async #removeFiles(emptied: Segment[]): Promise<void> {
    for (const segment of emptied.filter(isSpent)) {
      await closeFile(segment);
      await this.#parts.files.remove(segment.path);
      emptied.splice(emptied.indexOf(segment), 1);
    }
  }
}

/** Nothing needs its file any more. */
function isSpent({ orphans }: Segment): boolean {
  return unwritten(orphans).length === 0;
}

async function closeFile(segment: Segment): Promise<void> {
  const { file } = segment;
  segment.file = undefined;
  await file?.close();
}

function unwritten(entries: readonly Entry[]): Entry[] {
  return entries.filter((entry) => entry.isUnwritten);
}

/** At least one: a record longer than a segment has one of its own. */
function howManyFit(entries: readonly Entry[], roomBytes: number): number {
  let bytes = 0;
  let count = 0;
  for (const entry of entries) {
    bytes += entry.bytes;
    if (count > 0 && bytes > roomBytes) break;
    count += 1;
  }
  return count;
}

function sumOf(entries: readonly Entry[]): number {
  return entries.reduce((sum, { bytes }) => sum + bytes, 0);
}

async function failureOf(work: Promise<unknown>): Promise<Error | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
