import type { Log } from '../../lib/log.ts';
import { priorities } from '../priority.ts';
import type { Priority } from '../priority.ts';
import type { Dropped } from './lane.ts';
import { LossTally } from './loss-tally.ts';
import { dropReasons } from './telemetry-queue.ts';
import type { DropReason } from './telemetry-queue.ts';

/** Counts what is dropped: since the start, and what of it is still to be told. A queue that is full is said once. */
export class Drops {
  readonly tally = new LossTally();
  readonly #totals: Record<Priority, Record<DropReason, number>>;
  readonly #log: Log;
  #full = false;

  constructor(log: Log) {
    this.#log = log;
    const none = (): Record<DropReason, number> =>
      Object.fromEntries(dropReasons.map((reason) => [reason, 0])) as Record<DropReason, number>;
    this.#totals = Object.fromEntries(priorities.map((priority) => [priority, none()])) as Record<
      Priority,
      Record<DropReason, number>
    >;
  }

  get totals(): Readonly<Record<Priority, Readonly<Record<DropReason, number>>>> {
    return this.#totals;
  }

  get isFull(): boolean {
    return this.#full;
  }

  count(priority: Priority, reason: DropReason, { count, fromMs, toMs }: Dropped): void {
    if (count <= 0) return;
    const totals = this.#totals[priority];
    totals[reason] += count;
    this.tally.add({ priority, reason, count, fromMs, toMs });
    if (reason === 'cap' || reason === 'disk_full') this.#sayFull(priority, reason);
    if (reason === 'corrupt')
      this.#log.warn(
        { priority, count },
        `cannot read ${count} queued messages: their file is damaged; they are counted as lost`,
      );
    if (reason === 'oversize' && totals.oversize === 1)
      this.#log.error(
        { priority },
        'cannot send a message: it is larger than IoT Hub takes, 262144 bytes; which input it is of, and how it begins, is in dead-letter.ndjson of the queue',
      );
  }

  /** There is plenty of room again. */
  hasRoom(): void {
    if (!this.#full) return;
    this.#full = false;
    const sum = (reason: DropReason): number =>
      priorities.reduce((total, priority) => total + this.#totals[priority][reason], 0);
    const dropped = sum('cap') + sum('disk_full');
    this.#log.warn({ dropped }, `the telemetry queue has room again; ${dropped} dropped since the start`);
  }

  #sayFull(priority: Priority, reason: DropReason): void {
    if (this.#full) return;
    this.#full = true;
    this.#log.warn(
      { priority, reason },
      'the telemetry queue is full: the oldest messages of the lowest priority are being dropped',
    );
  }
}
