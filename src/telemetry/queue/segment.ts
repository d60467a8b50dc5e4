import { join } from 'node:path';
import { ChurnMap } from '../../lib/churn.ts';
import type { Priority } from '../priority.ts';
import type { Entry } from './entry.ts';
import type { QueueFile } from './queue-files.ts';
import type { RecordHead } from './record.ts';
import { headerBytes, segmentSeed } from './segment-format.ts';
import type { SegmentName } from './segment-format.ts';
import { SegmentSummary } from './segment-summary.ts';

/** What of a partly consumed segment is left to deliver, as it is kept over a clean restart. Positions in bytes. */
export interface Cursor {
  readonly number: number;
  readonly pending: number;
  readonly pendingBytes: number;
  /** Before it, only what stands at `kept` is left; from it on, all but what stands at `done`. */
  readonly readTo: number;
  readonly kept: readonly number[];
  readonly done: readonly number[];
}

/**
 * A segment file, and how far its messages have come. A record is pending until it is settled; one that is pending is
 * either in memory (`out`) or stands at `readTo` or behind it.
 */
export class Segment implements SegmentName {
  readonly queueId: string;
  readonly number: number;
  readonly path: string;
  readonly seed: number;
  readonly summary: SegmentSummary;
  /** How long the file is, with the zeros written ahead. */
  fileBytes: number;
  file: QueueFile | undefined;
  pending = 0;
  pendingBytes = 0;
  readTo = headerBytes;
  /** Bytes of it are under way to the disk: it cannot be dropped just now. */
  busy = false;
  /** Something of it was dropped: its loss is on record before its file goes. */
  dropped = false;
  /** What of it was being sent when it was dropped: in memory only now, and to be written before its file goes. */
  orphans: readonly Entry[] = [];
  /** Nothing is left of it, or it was dropped: its file is to go, or gone. */
  gone = false;
  readonly out = new ChurnMap<number, Entry>();
  readonly #done = new Set<number>();
  #cursor: Cursor | undefined;

  constructor(directory: string, name: SegmentName, summary = new SegmentSummary(headerBytes)) {
    this.queueId = name.queueId;
    this.number = name.number;
    this.path = join(directory, segmentFileName(name.number));
    this.seed = segmentSeed(name);
    this.summary = summary;
    this.fileBytes = summary.end;
  }

  get hasUnread(): boolean {
    return this.readTo < this.summary.end;
  }

  /** Messages of it that are being sent. */
  get taken(): readonly Entry[] {
    return [...this.out.values()].filter(({ state }) => state === 'taken');
  }

  /** All of it is to be delivered, but for what the cursor of an earlier run knows better. */
  restore(cursor: Cursor | undefined): void {
    this.#cursor = cursor;
    this.pending = cursor?.pending ?? this.summary.count;
    this.pendingBytes = cursor?.pendingBytes ?? this.summary.end - headerBytes;
  }

  /** A record of it was written. The entry may have been settled meanwhile. */
  written(entry: Entry, position: number): void {
    this.summary.add(entry.facts);
    this.summary.end = position + entry.bytes;
    if (entry.state === 'settled') {
      this.#done.add(position);
      return;
    }
    entry.segment = this;
    entry.position = position;
    this.pending += 1;
    this.pendingBytes += entry.bytes;
    this.out.set(position, entry);
  }

  /** Its body leaves memory; it stands behind `readTo` and is read again when its turn comes. */
  letGo(entry: Entry): void {
    this.out.delete(entry.position);
  }

  /** All before that position is in memory or settled. */
  readUpTo(position: number): void {
    this.readTo = position;
    if (!this.hasUnread) this.#done.clear();
  }

  settle(entry: Entry): void {
    this.pending -= 1;
    this.pendingBytes -= entry.bytes;
    this.out.delete(entry.position);
    if (entry.position >= this.readTo) this.#done.add(entry.position);
  }

  /** Whether this record, just read, is to be delivered: neither settled nor in memory already. */
  isWaiting({ position }: RecordHead): boolean {
    if (this.#done.has(position) || this.out.has(position)) return false;
    const cursor = this.#cursor;
    if (cursor === undefined) return true;
    if (position < cursor.readTo) return cursor.kept.includes(position);
    return !cursor.done.includes(position);
  }

  get cursor(): Cursor {
    const before = this.#cursor;
    // What the earlier run left is not read again yet: its word stands for all behind readTo.
    const cutAt = Math.max(this.readTo, before?.readTo ?? 0);
    const out = [...this.out.keys()];
    const keptBefore = before?.kept.filter((position) => position >= this.readTo) ?? [];
    const doneBefore = before?.done ?? [];
    return {
      number: this.number,
      pending: this.pending,
      pendingBytes: this.pendingBytes,
      readTo: cutAt,
      kept: [...out, ...keptBefore].filter((position) => position < cutAt && !this.#done.has(position)),
      done: [...doneBefore, ...this.#done].filter((position) => position >= cutAt),
    };
  }
}

const extension = '.seg';

export function segmentFileName(number: number): string {
  return `${String(number).padStart(12, '0')}${extension}`;
}

/** `undefined` for a file that is no segment. */
export function segmentNumber(fileName: string): number | undefined {
  if (!/^\d{12,15}\.seg$/.test(fileName)) return undefined;
  return Number(fileName.slice(0, -extension.length));
}

export function segmentDirectory(queueDirectory: string, priority: Priority): string {
  return join(queueDirectory, priority);
}
