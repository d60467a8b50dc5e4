import { untilStopped } from '../../lib/deadline.ts';
import { inScope } from '../../lib/scope.ts';
import type { Service } from '../../lib/service.ts';
import { maxMessageBytes, messageBytes } from '../message.ts';
import type { MessageDraft, TelemetryMessage } from '../message.ts';
import { priorities } from '../priority.ts';
import type { Priority } from '../priority.ts';
import type { DeadLetterBox } from './dead-letter-box.ts';
import { Entry } from './entry.ts';
import type { Lane } from './lane.ts';
import { ReadAheads } from './read-aheads.ts';
import { messageIdOf, recordBytes } from './record.ts';
import type { StorageHealth } from './storage-health.ts';
import type { Store, StoreParts } from './store.ts';
import type {
  DropReason,
  Loss,
  Offer,
  PriorityStatus,
  QueueStatus,
  QueuedMessage,
  TelemetryQueue,
} from './telemetry-queue.ts';
import { Waiters } from './waiters.ts';

export interface DiskQueueParts extends StoreParts {
  readonly store: Store;
  readonly health: StorageHealth;
  readonly deadLetters: DeadLetterBox;
  readonly random: () => number;
  readonly trustsClock: () => boolean;
}

const housekeepingMs = 60_000;
/** With nobody there to send them, so much is written without waiting for more, in bytes: a write worth its sync. */
const worthWritingBytes = 262_144;
/** No turn takes longer than this, in milliseconds, with whatever card there is. */
const longestTurnMs = 600_000;
const atOnce = Promise.resolve();

/**
 * The queue on disk. Messages are numbered and kept in memory; what is not acknowledged within the flush interval is
 * appended to a file of its priority, and read back when its turn comes. All that waits for the disk happens in `run`.
 */
export class DiskQueue implements TelemetryQueue, Service {
  readonly name = 'telemetry queue';
  readonly #parts: DiskQueueParts;
  readonly #reads: ReadAheads;
  readonly #roomy = new Waiters();
  #housekeepingAtMs: number;
  /** When the losses are to be saved. */
  #savingAtMs = Infinity;
  #sleepsUntilMs = Infinity;
  #turnsSinceMs: number | undefined;
  #wake: () => void = () => undefined;

  constructor(parts: DiskQueueParts) {
    this.#parts = parts;
    const { files, clock, random, log, drops, store } = parts;
    this.#housekeepingAtMs = clock.monotonic() + housekeepingMs;
    this.#reads = new ReadAheads({
      ...{ files, clock, random, log, drops },
      probe: () => store.probe(),
      onRead: (lane) => {
        this.#serve(lane);
        this.#rouse(this.#dueMs());
      },
    });
  }

  offer(draft: MessageDraft): Offer {
    const { lanes, room, clock, health, numbering } = this.#parts;
    const { priority } = draft;
    if (messageBytes(draft) > maxMessageBytes) {
      this.#parts.deadLetters.putTooLarge(draft, clock.monotonic(), clock.now().getTime());
      return this.#refuse(draft, 'oversize');
    }
    const bytes = recordBytes(draft, draft.ttlMs);
    const settings = this.#parts.settings();
    const diskWorks = health.trouble === undefined;
    if (!room.makeFor(priority, bytes, settings, diskWorks)) return this.#refuse(draft, 'full');
    const nowMs = clock.monotonic();
    const entry = this.#entryOf(draft, numbering.nextSequence(), bytes, nowMs);
    if (!diskWorks) entry.reached('memory');
    const lane = lanes[priority];
    lane.accept(entry);
    this.#serve(lane);
    this.#rouse(
      diskWorks ? nowMs + (settings.durability === 'always' ? 0 : settings.flushIntervalMs) : Infinity,
    );
    if (lane.emptied.length > 0 || this.#isFlushEarly()) this.#rouse(this.#dueMs());
    return new Acceptance(entry);
  }

  ready(signal: AbortSignal): Promise<void> {
    if (signal.aborted || !this.#isCrowded()) return atOnce;
    return this.#roomy.wait(signal);
  }

  take(priority: Priority, signal: AbortSignal): Promise<QueuedMessage | undefined> {
    if (signal.aborted) return Promise.resolve(undefined);
    const lane = this.#parts.lanes[priority];
    const entry = this.#next(lane);
    if (entry !== undefined) return Promise.resolve(entry);
    const waiting = lane.takers.wait(signal);
    this.#reads.start(lane);
    return waiting;
  }

  acknowledge(entry: QueuedMessage): void {
    const held = ours(entry);
    if (this.#settle(held)) held.reached('hub');
  }

  release(entry: QueuedMessage): void {
    const held = ours(entry);
    const lane = this.#laneOf(held);
    lane.release(held);
    this.#serve(lane);
    this.#rouse(this.#dueMs());
  }

  setAside(entry: QueuedMessage, why: string): void {
    const held = ours(entry);
    if (!this.#settle(held, true)) return;
    held.reached('hub');
    const { message } = held;
    this.#countOne(message.priority, 'rejected', message.createdAtMs);
    this.#parts.deadLetters.put({ message, why, whenMs: this.#parts.clock.now().getTime() });
    this.#rouse(this.#dueMs());
  }

  /** The number of the message that was accepted last. */
  get lastSequence(): number {
    return this.#parts.numbering.lastSequence;
  }

  get depth(): number {
    const { high, normal, low } = this.#parts.lanes;
    return high.messages + normal.messages + low.messages;
  }

  get status(): QueueStatus {
    const { lanes, drops, health, store, deadLetters } = this.#parts;
    const statusOf = ({ messages, bytes, oldestMs }: Lane): PriorityStatus => ({
      messages,
      bytes,
      oldestMs: messages === 0 ? undefined : oldestMs,
    });
    const { high, normal, low } = lanes;
    return {
      priorities: { high: statusOf(high), normal: statusOf(normal), low: statusOf(low) },
      dropped: drops.totals,
      storage: health.trouble === undefined ? 'disk' : 'memory',
      trouble: health.trouble,
      diskBytesWritten: store.bytesWritten + deadLetters.bytesWritten,
    };
  }

  /** When what `run` is doing should have ended, on the monotonic clock; `undefined` before it runs. */
  get dueMs(): number | undefined {
    const since = this.#turnsSinceMs;
    if (since !== undefined) return since + longestTurnMs;
    return Number.isFinite(this.#sleepsUntilMs) ? this.#sleepsUntilMs : undefined;
  }

  get losses(): readonly Loss[] {
    return this.#parts.drops.tally.losses;
  }

  lossesTold(losses: readonly Loss[]): void {
    this.#parts.drops.tally.told(losses);
    this.#rouse(this.#dueMs());
  }

  /** Writes, removes and reads again what is due, until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const dueMs = this.#dueMs();
      if (dueMs > this.#parts.clock.monotonic()) await this.#sleep(dueMs, signal);
      else {
        this.#turnsSinceMs = this.#parts.clock.monotonic();
        await this.#turn();
        this.#turnsSinceMs = undefined;
      }
    }
  }

  /**
   * Everything is written and synced, and the files are closed. To be called after `run` has ended and the last message
   * was acknowledged. Never rejects: what could not be written is said.
   */
  async close(): Promise<void> {
    const { store, deadLetters } = this.#parts;
    await this.#reads.settled();
    await this.#attempt(() => store.flush(0));
    this.#giveUpUnwritten();
    await deadLetters.empty();
    await this.#attempt(() => store.close());
  }

  /** What cannot be written is lost with the process; the losses, being small, may still find room. */
  #giveUpUnwritten(): void {
    const { health, log, drops } = this.#parts;
    const lost = this.#unwritten();
    if (lost.length === 0) return;
    for (const entry of lost) {
      const { priority } = entry.message;
      drops.tally.add({ priority, reason: 'disk_full', ...this.#laneOf(entry).dropEntry(entry) });
    }
    log.error(
      { count: lost.length },
      `cannot keep ${lost.length} messages over the restart: ${health.trouble ?? 'they could not be written'}`,
    );
  }

  #entryOf(draft: MessageDraft, sequence: number, bytes: number, acceptedMs: number): Entry {
    const { body, contentType, contentEncoding, createdAtMs, input, component, properties, priority } = draft;
    const messageId = messageIdOf(this.#parts.numbering.queueId, sequence);
    const { ttlMs } = draft;
    // Member by member: spread, this alone would be a twentieth of the time that a message takes.
    const message: TelemetryMessage = {
      body,
      contentType,
      contentEncoding,
      createdAtMs,
      input,
      component,
      properties,
      priority,
      messageId,
      sequence,
    };
    return new Entry(message, { acceptedMs, ttlMs, clockTrusted: this.#parts.trustsClock(), bytes });
  }

  #refuse({ priority, createdAtMs }: MessageDraft, reason: 'full' | 'oversize'): Offer {
    const disk = this.#parts.health.trouble === undefined ? 'cap' : 'disk_full';
    this.#countOne(priority, reason === 'full' ? disk : reason, createdAtMs);
    this.#rouse(this.#dueMs());
    return { accepted: false, reason };
  }

  #countOne(priority: Priority, reason: DropReason, createdAtMs: number): void {
    this.#parts.drops.count(priority, reason, { count: 1, fromMs: createdAtMs, toMs: createdAtMs });
  }

  #settle(entry: Entry, isLost = false): boolean {
    const lane = this.#laneOf(entry);
    if (!lane.settle(entry, isLost)) return false;
    const { drops, room, settings } = this.#parts;
    if (drops.isFull && room.isPlenty(settings())) drops.hasRoom();
    if (this.#roomy.some && !this.#isCrowded()) this.#roomy.wakeAll();
    if (lane.emptied.length > 0) this.#rouse(this.#dueMs());
    return true;
  }

  /** Gives those who wait what there is, and has more read for the rest. */
  #serve(lane: Lane): void {
    while (lane.takers.some) {
      const entry = this.#next(lane);
      if (entry === undefined) {
        this.#reads.start(lane);
        return;
      }
      lane.takers.give(entry);
    }
  }

  /** The next that has not expired. */
  #next(lane: Lane): Entry | undefined {
    for (let entry = lane.next(); entry !== undefined; entry = lane.next()) {
      if (lane.runsLow) this.#reads.start(lane);
      if (!this.#hasExpired(entry)) return entry;
      this.#parts.drops.count(lane.priority, 'ttl', lane.dropEntry(entry));
      this.#rouse(this.#dueMs());
    }
    return undefined;
  }

  #hasExpired(entry: Entry): boolean {
    const { settings, clock, trustsClock } = this.#parts;
    const expiresAtMs = entry.expiresAtMs(settings().priorities[entry.message.priority].ttlMs);
    return expiresAtMs !== undefined && clock.now().getTime() > expiresAtMs && trustsClock();
  }

  #isCrowded(): boolean {
    const { room, settings, health } = this.#parts;
    return health.trouble === undefined && room.unwrittenBytes > settings().memoryMaxBytes / 2;
  }

  /** When there is something to do next, on the monotonic clock. */
  #dueMs(): number {
    const { lanes, health, deadLetters, numbering, drops, clock } = this.#parts;
    const nowMs = clock.monotonic();
    if (drops.tally.changed && this.#savingAtMs === Infinity)
      this.#savingAtMs = nowMs + this.#parts.settings().flushIntervalMs;
    const all = priorities.map((priority) => lanes[priority]);
    const readAtMs = all.map((lane) => (lane.takers.some ? this.#reads.retryAtMs(lane) : undefined));
    const soonest = Math.min(this.#housekeepingAtMs, ...readAtMs.map((at) => at ?? Infinity));
    if (health.retryAtMs !== undefined) return Math.min(soonest, health.retryAtMs);
    const isDue =
      deadLetters.isDue || numbering.isRunningOut || all.some(({ emptied }) => emptied.length > 0);
    return isDue ? nowMs : Math.min(soonest, this.#savingAtMs, this.#flushAtMs());
  }

  #flushAtMs(): number {
    const oldest = priorities.map((priority) => this.#parts.lanes[priority].oldestUnwrittenMs ?? Infinity);
    return Math.min(...oldest) + (this.#isFlushEarly() ? 0 : this.#parts.settings().flushIntervalMs);
  }

  /** Whether to wait for the flush interval would serve nothing. */
  #isFlushEarly(): boolean {
    const { lanes, room, settings } = this.#parts;
    if (settings().durability === 'always' || this.#isCrowded()) return true;
    if (room.unwrittenBytes < worthWritingBytes) return false;
    return priorities.every((priority) => lanes[priority].taken.size === 0 && !lanes[priority].takers.some);
  }

  #rouse(dueMs: number): void {
    if (dueMs < this.#sleepsUntilMs) this.#wake();
  }

  async #sleep(dueMs: number, signal: AbortSignal): Promise<void> {
    this.#sleepsUntilMs = dueMs;
    await inScope(signal, ({ signal: sleep }) => {
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      const ms = dueMs - this.#parts.clock.monotonic();
      return untilStopped(Promise.race([woken, this.#parts.clock.sleep(ms, sleep)]), sleep);
    });
    this.#sleepsUntilMs = -Infinity;
  }

  async #turn(): Promise<void> {
    const { store, numbering, health, deadLetters, drops, settings, clock, lanes } = this.#parts;
    const nowMs = clock.monotonic();
    if (nowMs >= this.#housekeepingAtMs) this.#housekeep(nowMs);
    for (const priority of priorities) this.#serve(lanes[priority]);
    if (health.retryAtMs !== undefined && nowMs < health.retryAtMs) return;
    // Before the files that they were in are removed.
    if (deadLetters.isDue) await deadLetters.empty();
    await this.#attempt(async () => {
      const wasFailing = health.trouble !== undefined;
      await store.removeEmptied();
      const early = this.#isFlushEarly() || wasFailing;
      if (nowMs >= this.#flushAtMs() || wasFailing) {
        this.#dropExpired();
        await store.flush(early ? 0 : settings().flushIntervalMs);
      }
      if (numbering.isRunningOut || wasFailing) await store.reserve();
      if (drops.tally.changed && (nowMs >= this.#savingAtMs || wasFailing)) await store.saveLosses();
      if (!drops.tally.changed) this.#savingAtMs = Infinity;
    });
    if (!this.#isCrowded()) this.#roomy.wakeAll();
  }

  /** A failing disk is said and tried again later; until then what is in memory is as safe as it can be. */
  async #attempt(work: () => Promise<void>): Promise<void> {
    const { health } = this.#parts;
    try {
      await work();
      health.worked();
    } catch (error) {
      health.failed(error);
      for (const entry of this.#unwritten()) entry.reached('memory');
    }
  }

  #housekeep(nowMs: number): void {
    this.#housekeepingAtMs = nowMs + housekeepingMs;
    this.#parts.deadLetters.tryAgain();
    this.#dropExpired();
  }

  #dropExpired(): void {
    const { lanes, drops, settings, clock, trustsClock } = this.#parts;
    if (!trustsClock()) return;
    const wallMs = clock.now().getTime();
    for (const priority of priorities) {
      const { ttlMs } = settings().priorities[priority];
      const dropped = lanes[priority].dropExpired(wallMs, ttlMs);
      for (const each of dropped) drops.count(priority, 'ttl', each);
    }
  }

  #unwritten(): Entry[] {
    return priorities.flatMap((priority) => this.#parts.lanes[priority].unwritten);
  }

  #laneOf({ message }: Entry): Lane {
    return this.#parts.lanes[message.priority];
  }
}

/** What `offer` answers; the promise is made only for those who ask. */
class Acceptance {
  readonly accepted = true;
  readonly #entry: Entry;

  constructor(entry: Entry) {
    this.#entry = entry;
  }

  get messageId(): string {
    return this.#entry.message.messageId;
  }

  get sequence(): number {
    return this.#entry.message.sequence;
  }

  get place(): Entry['place'] {
    return this.#entry.place;
  }

  get safe(): Entry['safe'] {
    return this.#entry.safe;
  }
}

function ours(entry: QueuedMessage): Entry {
  if (!(entry instanceof Entry))
    throw new Error('cannot settle a message that was not taken from this queue');
  return entry;
}
