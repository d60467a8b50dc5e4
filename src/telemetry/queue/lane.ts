import { ChurnSet } from '../../lib/churn.ts';
import type { Priority } from '../priority.ts';
import type { Entry } from './entry.ts';
import { Fifo } from './fifo.ts';
import type { Segment } from './segment.ts';
import { Takers } from './takers.ts';

/** How much of what is on the disk is also kept in memory to be taken next, in bytes. */
const readAheadBytes = 32_768;

/** What was let go of: how many, and how many bytes of records. */
export interface Dropped {
  readonly count: number;
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * The messages of one priority, in their order:
 *
 *     released ─► loaded ─► unread in segments ─► being written ─► in memory
 *
 * Released ones were taken before, and stay in memory until they are taken again. Loaded ones are on the disk and in
 * memory. Only bookkeeping: nothing here waits for a file.
 */
export class Lane {
  readonly priority: Priority;
  readonly directory: string;
  readonly takers = new Takers();
  readonly taken = new ChurnSet<Entry>();
  segments: Segment[] = [];
  /** The segment that is being appended to: the last. */
  active: Segment | undefined;
  messages = 0;
  bytes = 0;
  /** Of the records in its segments, delivered or not, in bytes. */
  fileBytes = 0;
  /** Of what is in memory only, in bytes. */
  unwrittenBytes = 0;
  /** Emptied and dropped segments, whose files are to be removed. */
  readonly emptied: Segment[] = [];
  #released: Entry[] = [];
  readonly #loaded = new Fifo<Entry>();
  #loadedBytes = 0;
  #writing = new Fifo<Entry>();
  #memory = new Fifo<Entry>();

  constructor(priority: Priority, directory: string) {
    this.priority = priority;
    this.directory = directory;
  }

  /** What counts towards its cap, in bytes. */
  get heldBytes(): number {
    return this.fileBytes + this.unwrittenBytes;
  }

  get unread(): Segment | undefined {
    return this.segments.find((segment) => segment.hasUnread);
  }

  /** Whether more is to be read before what is in memory is used up. */
  get runsLow(): boolean {
    return this.segments.length > 0 && this.#loadedBytes < readAheadBytes / 2;
  }

  get oldestMs(): number | undefined {
    const [longestTaken] = this.taken;
    const heads = [this.#released, this.#loaded, this.#writing, this.#memory].map(firstLive);
    const times = [...heads, longestTaken].flatMap((entry) =>
      entry === undefined ? [] : [entry.message.createdAtMs],
    );
    const [segment] = this.segments;
    // What is in memory of it comes before the rest.
    if (segment !== undefined && segment.pending > 0 && segment.out.size === 0)
      times.push(segment.summary.oldestMs);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  /** Found on the disk at the start, or begun. */
  attach(segment: Segment): void {
    this.segments.push(segment);
    this.messages += segment.pending;
    this.bytes += segment.pendingBytes;
    this.fileBytes += segment.summary.end;
  }

  accept(entry: Entry): void {
    this.messages += 1;
    this.bytes += entry.bytes;
    this.unwrittenBytes += entry.bytes;
    this.#memory.push(entry);
  }

  /** The next in order that is in memory, taken; `undefined` when there is none, or it must be read first. */
  next(): Entry | undefined {
    const entry = this.#shift();
    if (entry !== undefined) {
      entry.state = 'taken';
      this.taken.add(entry);
    }
    return entry;
  }

  release(entry: Entry): void {
    if (!this.taken.delete(entry)) return;
    entry.state = 'released';
    const at = this.#released.findIndex(({ sequence }) => sequence > entry.sequence);
    this.#released.splice(at === -1 ? this.#released.length : at, 0, entry);
  }

  /**
   * It is held no longer. False when it was not held.
   * @param isLost what was lost with a segment is on record before its file goes
   */
  settle(entry: Entry, isLost = false): boolean {
    if (entry.state === 'settled') return false;
    this.taken.delete(entry);
    entry.state = 'settled';
    this.messages -= 1;
    this.bytes -= entry.bytes;
    const { segment } = entry;
    if (segment === undefined) this.unwrittenBytes -= entry.bytes;
    else {
      if (isLost) segment.dropped = true;
      segment.settle(entry);
      this.discardIfEmpty(segment);
    }
    return true;
  }

  discardIfEmpty(segment: Segment): void {
    if (segment.pending === 0 && !segment.busy && !segment.gone) this.#detach(segment);
  }

  /** Read from a segment, in order; `readTo` is how far it has been read. */
  load(segment: Segment, entries: readonly Entry[], readTo: number): void {
    for (const entry of entries) {
      segment.out.set(entry.position, entry);
      this.#pushLoaded(entry);
    }
    segment.readUpTo(readTo);
  }

  /** Of a segment that is read to its end: what should be there and is not in memory is lost. */
  countMissing(segment: Segment): Dropped {
    const found = [...segment.out.values()].reduce((sum, { bytes }) => sum + bytes, 0);
    const count = segment.pending - segment.out.size;
    if (count > 0) segment.dropped = true;
    this.messages -= count;
    this.bytes -= segment.pendingBytes - found;
    segment.pending = segment.out.size;
    segment.pendingBytes = found;
    this.discardIfEmpty(segment);
    return { count, fromMs: segment.summary.oldestMs, toMs: segment.summary.newestMs };
  }

  /**
   * What is to be written now, in order: what nobody has taken, and of the rest what is as old as `minAgeMs`. It counts as
   * being written until `written` or `notWritten` says how that went.
   */
  collect(nowMs: number, minAgeMs: number): Entry[] {
    const isOld = ({ acceptedMs = -Infinity }: Entry): boolean => nowMs - acceptedMs >= minAgeMs;
    const takenBefore = [...this.#released, ...[...this.taken].filter(isOld)];
    const pinned = takenBefore.filter((entry) => entry.isUnwritten);
    pinned.sort((a, b) => a.sequence - b.sequence);
    this.#writing = new Fifo([...this.#writing, ...this.#memory].filter((entry) => entry.isUnwritten));
    this.#memory = new Fifo();
    return [...pinned, ...this.#writing];
  }

  /** These stand in the segment now, one behind the other from `position` on. */
  written(segment: Segment, entries: readonly Entry[], position: number): void {
    let caughtUp = this.unread === undefined;
    let at = position;
    for (const entry of entries) {
      if (entry.isUnwritten) this.unwrittenBytes -= entry.bytes;
      segment.written(entry, at);
      at += entry.bytes;
      if (entry.state === 'waiting') caughtUp = this.#keepOrLetGo(segment, entry, caughtUp);
      if (caughtUp) segment.readUpTo(at);
    }
    this.fileBytes += at - position;
    this.#writing = new Fifo([...this.#writing].filter((entry) => entry.isUnwritten));
  }

  notWritten(): void {
    this.#memory = new Fifo([...this.#writing, ...this.#memory]);
    this.#writing = new Fifo();
  }

  /** When the oldest that is in memory only was accepted, on the monotonic clock. */
  get oldestUnwrittenMs(): number | undefined {
    const memory = this.#memory.peek() ?? this.#writing.peek();
    let oldest = memory?.acceptedMs;
    for (const entries of [this.taken, this.#released])
      for (const entry of entries)
        if (entry.isUnwritten) oldest = Math.min(oldest ?? Infinity, entry.acceptedMs ?? 0);
    return oldest;
  }

  /** Every message that is in memory only. */
  get unwritten(): Entry[] {
    const all = [...this.#released, ...this.taken, ...this.#writing, ...this.#memory];
    return all.filter((entry) => entry.isUnwritten);
  }

  /** A segment that could not be written is appended to no more; one with nothing in it is gone. */
  abandon(segment: Segment): void {
    segment.busy = false;
    if (this.active === segment) this.active = undefined;
    if (segment.summary.count === 0) this.#detach(segment);
    else this.discardIfEmpty(segment);
  }

  /** Drops the oldest that is not taken: with all of its segment if it is on the disk. */
  dropOldest(): Dropped | undefined {
    const [released] = this.#released;
    if (released?.isUnwritten === true) return this.dropEntry(released);
    return this.dropSegment() ?? this.dropFromMemory();
  }

  /** Drops the oldest that is in memory only and not taken. */
  dropFromMemory(): Dropped | undefined {
    const released = this.#released.find((entry) => entry.isUnwritten);
    if (released !== undefined) return this.dropEntry(released);
    const entry = shiftLive(this.#writing) ?? shiftLive(this.#memory);
    return entry === undefined ? undefined : this.dropEntry(entry);
  }

  dropEntry(entry: Entry): Dropped {
    this.settle(entry, true);
    entry.reached('memory');
    this.#released = this.#released.filter((one) => one !== entry);
    return { count: 1, fromMs: entry.message.createdAtMs, toMs: entry.message.createdAtMs };
  }

  /** Drops the oldest segment but for what is taken of it, which from now on is in memory only. */
  dropSegment(which: (segment: Segment) => boolean = () => true): Dropped | undefined {
    const segment = this.segments.find((one) => !one.busy && which(one));
    if (segment === undefined) return undefined;
    const { taken } = segment;
    segment.dropped = true;
    segment.orphans = taken;
    const count = segment.pending - taken.length;
    this.messages -= count;
    this.bytes -= segment.pendingBytes;
    for (const entry of segment.out.values()) {
      entry.segment = undefined;
      if (entry.state !== 'taken') entry.state = 'settled';
    }
    for (const { bytes } of taken) {
      this.bytes += bytes;
      this.unwrittenBytes += bytes;
    }
    this.#released = this.#released.filter(({ state }) => state === 'released');
    this.#detach(segment);
    return { count, fromMs: segment.summary.oldestMs, toMs: segment.summary.newestMs };
  }

  /** Drops the segments of which all has expired, and what has expired of what is in memory only. */
  dropExpired(nowMs: number, priorityTtlMs: number | undefined): Dropped[] {
    const dropped: Dropped[] = [];
    const isOver = (expiresAtMs: number | undefined): boolean =>
      expiresAtMs !== undefined && expiresAtMs < nowMs;
    const isExpired = ({ summary }: Segment): boolean =>
      summary.count > 0 && isOver(summary.expiresAtMs(priorityTtlMs));
    for (let one = this.dropSegment(isExpired); one !== undefined; one = this.dropSegment(isExpired))
      dropped.push(one);
    const waiting = [...this.#memory, ...this.#released].filter(({ state }) => state !== 'settled');
    const expired = waiting.filter((entry) => isOver(entry.expiresAtMs(priorityTtlMs)));
    for (const entry of expired) dropped.push(this.dropEntry(entry));
    if (expired.length > 0)
      this.#memory = new Fifo([...this.#memory].filter(({ state }) => state !== 'settled'));
    return dropped;
  }

  #detach(segment: Segment): void {
    this.segments.splice(this.segments.indexOf(segment), 1);
    if (this.active === segment) this.active = undefined;
    this.fileBytes -= segment.summary.end;
    segment.gone = true;
    this.emptied.push(segment);
  }

  #shift(): Entry | undefined {
    for (let entry = this.#released.shift(); entry !== undefined; entry = this.#released.shift())
      if (entry.state !== 'settled') return entry;
    const loaded = this.#shiftLoaded();
    if (loaded !== undefined || this.unread !== undefined) return loaded;
    return shiftLive(this.#writing) ?? shiftLive(this.#memory);
  }

  #shiftLoaded(): Entry | undefined {
    for (let entry = this.#loaded.shift(); entry !== undefined; entry = this.#loaded.shift()) {
      this.#loadedBytes -= entry.bytes;
      if (entry.state !== 'settled') return entry;
    }
    return undefined;
  }

  #keepOrLetGo(segment: Segment, entry: Entry, caughtUp: boolean): boolean {
    const keep = caughtUp && this.#loadedBytes + entry.bytes <= readAheadBytes;
    if (keep) this.#pushLoaded(entry);
    else segment.letGo(entry);
    return keep;
  }

  #pushLoaded(entry: Entry): void {
    this.#loadedBytes += entry.bytes;
    this.#loaded.push(entry);
  }
}

function firstLive(entries: Iterable<Entry>): Entry | undefined {
  for (const entry of entries) if (entry.state !== 'settled') return entry;
  return undefined;
}

function shiftLive(entries: Fifo<Entry>): Entry | undefined {
  for (let entry = entries.shift(); entry !== undefined; entry = entries.shift())
    if (entry.state !== 'settled') return entry;
  return undefined;
}
