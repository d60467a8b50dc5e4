import { priorities } from '../priority.ts';
import type { Priority } from '../priority.ts';
import type { Drops } from './drops.ts';
import type { Dropped, Lane } from './lane.ts';
import type { QueueSettings } from './queue-settings.ts';
import type { Segment } from './segment.ts';
import type { DropReason } from './telemetry-queue.ts';

export type Lanes = Readonly<Record<Priority, Lane>>;

/** Makes room for what is offered: the oldest of the lowest priority goes first, and never for one below it. */
export class Room {
  readonly #lanes: Lanes;
  readonly #drops: Drops;

  constructor(lanes: Lanes, drops: Drops) {
    this.#lanes = lanes;
    this.#drops = drops;
  }

  /** Whether the message may come in. What had to go for it is counted. */
  makeFor(priority: Priority, bytes: number, settings: QueueSettings, diskWorks: boolean): boolean {
    const { maxBytes, memoryMaxBytes } = settings;
    const capBytes = settings.priorities[priority].maxBytes;
    if (bytes > Math.min(maxBytes, capBytes, memoryMaxBytes)) return false;
    const own = this.#lanes[priority];
    if (
      own.heldBytes + bytes <= capBytes &&
      this.heldBytes + bytes <= maxBytes &&
      this.unwrittenBytes + bytes <= memoryMaxBytes
    )
      return true;
    const over = (limit: number, held: () => number) => (): boolean => held() + bytes > limit;
    return (
      this.#dropWhile(
        over(capBytes, () => own.heldBytes),
        [own],
        'cap',
        oldest,
      ) &&
      this.#dropWhile(
        over(maxBytes, () => this.heldBytes),
        this.#upTo(priority),
        'cap',
        oldest,
      ) &&
      this.#dropWhile(
        over(memoryMaxBytes, () => this.unwrittenBytes),
        this.#upTo(priority),
        diskWorks ? 'cap' : 'disk_full',
        oldestInMemory,
      )
    );
  }

  /** Pays for what is to be written to a full disk, with a segment of that priority or a lower one. */
  payFor(priority: Priority): boolean {
    const payer = this.#upTo(priority).find((lane) =>
      this.#drop(lane, 'disk_full', (one) => one.dropSegment(isPayable)),
    );
    return payer !== undefined;
  }

  /** What there is to pay with, in bytes. */
  payableBytes(priority: Priority): number {
    const segments = this.#upTo(priority).flatMap((lane) => lane.segments);
    return segments
      .filter((segment) => !segment.busy && isPayable(segment))
      .reduce((sum, { summary }) => sum + summary.end, 0);
  }

  get heldBytes(): number {
    const { high, normal, low } = this.#lanes;
    return high.heldBytes + normal.heldBytes + low.heldBytes;
  }

  get unwrittenBytes(): number {
    const { high, normal, low } = this.#lanes;
    return high.unwrittenBytes + normal.unwrittenBytes + low.unwrittenBytes;
  }

  /** Not as soon as one message fits: at the brim it would be said at every other message. */
  isPlenty(settings: QueueSettings): boolean {
    const roomy = priorities.every(
      (priority) => this.#lanes[priority].heldBytes <= settings.priorities[priority].maxBytes / 2,
    );
    return (
      roomy && this.heldBytes <= settings.maxBytes / 2 && this.unwrittenBytes <= settings.memoryMaxBytes / 2
    );
  }

  #dropWhile(
    tooMuch: () => boolean,
    lanes: readonly Lane[],
    reason: DropReason,
    drop: (lane: Lane) => Dropped | undefined,
  ): boolean {
    while (tooMuch()) if (!lanes.some((lane) => this.#drop(lane, reason, drop))) return false;
    return true;
  }

  #drop(lane: Lane, reason: DropReason, drop: (lane: Lane) => Dropped | undefined): boolean {
    const dropped = drop(lane);
    if (dropped === undefined) return false;
    this.#drops.count(lane.priority, reason, dropped);
    return true;
  }

  /** From the lowest priority to that one. */
  #upTo(priority: Priority): readonly Lane[] {
    return priorities
      .slice(priorities.indexOf(priority))
      .reverse()
      .map((one) => this.#lanes[one]);
  }
}

/** What is being sent would have to be written elsewhere first. */
const isPayable = ({ taken }: Segment): boolean => taken.length === 0;
const oldest = (lane: Lane): Dropped | undefined => lane.dropOldest();
const oldestInMemory = (lane: Lane): Dropped | undefined => lane.dropFromMemory();
