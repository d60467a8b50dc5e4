import { fullJitterMs } from '../../lib/backoff.ts';
import type { Clock } from '../../lib/clock.ts';
import { describeError } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import type { Random } from '../../lib/random.ts';
import type { Priority } from '../priority.ts';
import type { Drops } from './drops.ts';
import type { Lane } from './lane.ts';
import type { QueueFiles } from './queue-files.ts';
import type { Segment } from './segment.ts';
import { readAhead } from './segment-reader.ts';
import { codeOf } from './storage-health.ts';

const retry = { initialMs: 1000, maximumMs: 60_000 };
/** So often a segment may fail to be read, while the disk can be written, before it is given up. */
const maxFailures = 3;

export interface ReadAheadParts {
  readonly files: QueueFiles;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly drops: Drops;
  /** Rejects if the disk as a whole fails: then the fault is not the segment's. */
  readonly probe: () => Promise<void>;
  /** Called when a lane has something new in memory, or something of it was given up. */
  readonly onRead: (lane: Lane) => void;
}

interface Failing {
  readonly segment: Segment;
  readonly failures: number;
  readonly retryAtMs: number;
}

/** Reads what is next from the disk into memory, one read a lane at a time. */
export class ReadAheads {
  readonly #parts: ReadAheadParts;
  readonly #reading = new Map<Priority, Promise<void>>();
  readonly #failing = new Map<Priority, Failing>();

  constructor(parts: ReadAheadParts) {
    this.#parts = parts;
  }

  /** Unless that lane is being read already, has nothing to read, or has just failed. */
  start(lane: Lane): void {
    const { priority } = lane;
    if (this.#reading.has(priority)) return;
    const { unread } = lane;
    if (unread === undefined) return;
    const retryAtMs = this.#failing.get(priority)?.retryAtMs ?? 0;
    if (this.#parts.clock.monotonic() < retryAtMs) return;
    const reading = this.#read(lane, unread).finally(() => {
      this.#reading.delete(priority);
      this.#parts.onRead(lane);
    });
    this.#reading.set(priority, reading);
  }

  /** When a lane that failed is to be read again, on the monotonic clock; `undefined` while that is being done. */
  retryAtMs(lane: Lane): number | undefined {
    if (this.#reading.has(lane.priority)) return undefined;
    return this.#failing.get(lane.priority)?.retryAtMs;
  }

  async settled(): Promise<void> {
    await Promise.all(this.#reading.values());
  }

  async #read(lane: Lane, segment: Segment): Promise<void> {
    try {
      const { entries, readTo } = await readAhead(this.#parts.files, lane, segment);
      this.#failing.delete(lane.priority);
      if (segment.gone) return;
      lane.load(segment, entries, readTo);
      if (!segment.hasUnread) this.#parts.drops.count(lane.priority, 'corrupt', lane.countMissing(segment));
    } catch (error) {
      if (!segment.gone) await this.#failed(lane, segment, error);
    }
  }

  async #failed(lane: Lane, segment: Segment, error: unknown): Promise<void> {
    const before = this.#failing.get(lane.priority);
    const failures = before?.segment === segment ? before.failures + 1 : 1;
    const { clock, random, log } = this.#parts;
    if (failures === 1)
      log.error(
        { error: describeError(error), path: segment.path },
        `cannot read queued messages from ${segment.path}: ${describeError(error)}`,
      );
    const isLost = codeOf(error) === 'ENOENT' || failures >= maxFailures;
    if (isLost && (await this.#diskWorks())) {
      this.#failing.delete(lane.priority);
      const lost = lane.dropSegment((one) => one === segment);
      if (lost !== undefined) this.#parts.drops.count(lane.priority, 'corrupt', lost);
      return;
    }
    const retryAtMs = clock.monotonic() + fullJitterMs(retry, failures, random);
    this.#failing.set(lane.priority, { segment, failures, retryAtMs });
  }

  async #diskWorks(): Promise<boolean> {
    try {
      await this.#parts.probe();
      return true;
    } catch {
      // Said where it is written to; what is on it is not lost yet.
      return false;
    }
  }
}
