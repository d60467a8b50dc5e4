import type { MessageDraft, TelemetryMessage } from '../../src/telemetry/message.ts';
import { priorities } from '../../src/telemetry/priority.ts';
import type { Priority } from '../../src/telemetry/priority.ts';
import type {
  Loss,
  Offer,
  Place,
  QueuedMessage,
  QueueStatus,
  TelemetryQueue,
} from '../../src/telemetry/queue/telemetry-queue.ts';
import type { FakeClock } from './fake-clock.ts';

interface Taker {
  readonly priority: Priority;
  readonly give: (entry: QueuedMessage) => void;
}

/** A queue in memory without bounds, whose refusals, losses and safety the test decides. IDs are `m1`, `m2` and so on. */
export class FakeQueue implements TelemetryQueue {
  readonly offered: TelemetryMessage[] = [];
  readonly acknowledged: string[] = [];
  readonly setAsides: { readonly id: string; readonly why: string }[] = [];
  losses: readonly Loss[] = [];
  /** Answers offers in place of taking them in. */
  refusal: 'full' | 'oversize' | undefined;
  /** When what is offered is safe, and where; the preset is at once, on the disk. */
  safe: () => Promise<Place> = () => Promise.resolve('disk');
  /** When more can be taken in; the preset is at once. */
  onReady: () => Promise<void> = () => Promise.resolve();
  readonly #clock: FakeClock;
  #waiting: QueuedMessage[] = [];
  readonly #taken = new Set<QueuedMessage>();
  #takers: Taker[] = [];
  #sequence = 0;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  offer(draft: MessageDraft): Offer {
    if (this.refusal !== undefined) return { accepted: false, reason: this.refusal };
    this.#sequence += 1;
    const message = { ...draft, messageId: `m${this.#sequence}`, sequence: this.#sequence };
    this.offered.push(message);
    this.#give({ message, acceptedMs: this.#clock.monotonic() });
    return { accepted: true, messageId: message.messageId, sequence: message.sequence, safe: this.safe() };
  }

  /** As if it had been found on the disk at the start. */
  leftFromBefore(draft: MessageDraft): void {
    this.#sequence += 1;
    const message = { ...draft, messageId: `m${this.#sequence}`, sequence: this.#sequence };
    this.#give({ message, acceptedMs: undefined });
  }

  ready(): Promise<void> {
    return this.onReady();
  }

  take(priority: Priority, signal: AbortSignal): Promise<QueuedMessage | undefined> {
    const entry = this.#waiting.find(({ message }) => message.priority === priority);
    if (signal.aborted) return Promise.resolve(undefined);
    if (entry === undefined) return this.#waitFor(priority, signal);
    this.#waiting = this.#waiting.filter((other) => other !== entry);
    this.#taken.add(entry);
    return Promise.resolve(entry);
  }

  acknowledge(entry: QueuedMessage): void {
    this.#leave(entry);
    this.acknowledged.push(entry.message.messageId);
  }

  release(entry: QueuedMessage): void {
    this.#leave(entry);
    this.#give(entry);
  }

  setAside(entry: QueuedMessage, why: string): void {
    this.#leave(entry);
    this.setAsides.push({ id: entry.message.messageId, why });
  }

  lossesTold(told: readonly Loss[]): void {
    this.losses = this.losses.filter((loss) => !told.includes(loss));
  }

  get depth(): number {
    return this.#waiting.length + this.#taken.size;
  }

  /** IDs of what nobody has taken, in the order in which it will be. */
  held(priority?: Priority): string[] {
    const held = this.#waiting.filter(({ message }) => (priority ?? message.priority) === message.priority);
    return held.map(({ message }) => message.messageId);
  }

  get status(): QueueStatus {
    const empty = { messages: 0, bytes: 0, oldestMs: undefined };
    const none = { cap: 0, ttl: 0, disk_full: 0, oversize: 0, corrupt: 0, rejected: 0 };
    const messages = (priority: Priority): number =>
      [...this.#waiting, ...this.#taken].filter(({ message }) => message.priority === priority).length;
    const each = <T>(make: (priority: Priority) => T): Record<Priority, T> =>
      Object.fromEntries(priorities.map((priority) => [priority, make(priority)])) as Record<Priority, T>;
    return {
      priorities: each((priority) => ({ ...empty, messages: messages(priority) })),
      dropped: each(() => none),
      storage: 'disk',
      diskBytesWritten: 0,
    };
  }

  #give(entry: QueuedMessage): void {
    const taker = this.#takers.find(({ priority }) => priority === entry.message.priority);
    if (taker !== undefined) {
      taker.give(entry);
      return;
    }
    const at = this.#waiting.findIndex(({ message }) => message.sequence > entry.message.sequence);
    this.#waiting.splice(at === -1 ? this.#waiting.length : at, 0, entry);
  }

  #waitFor(priority: Priority, signal: AbortSignal): Promise<QueuedMessage | undefined> {
    return new Promise((resolve) => {
      const over = (): void => {
        signal.removeEventListener('abort', onAbort);
        this.#takers = this.#takers.filter((other) => other !== taker);
      };
      const onAbort = (): void => {
        over();
        resolve(undefined);
      };
      const give = (entry: QueuedMessage): void => {
        over();
        this.#taken.add(entry);
        resolve(entry);
      };
      const taker = { priority, give };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#takers.push(taker);
    });
  }

  /** What is acknowledged, released or set aside twice, or was never taken, is the caller's mistake. */
  #leave(entry: QueuedMessage): void {
    if (!this.#taken.delete(entry))
      throw new Error(`cannot let ${entry.message.messageId} go: it is not taken`);
  }
}
