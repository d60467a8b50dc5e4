import type { Priority } from '../priority.ts';

export interface PrioritySettings {
  /** The most that is held of this priority, on the disk and in memory, in bytes. */
  readonly maxBytes: number;
  /** How long after its creation a message without a TTL of its own is worth sending; `undefined`: always. */
  readonly ttlMs: number | undefined;
}

/** What the queue goes by. It may change at any time; the queue asks anew whenever it needs one. */
export interface QueueSettings {
  /** `flush`: written once it is `flushIntervalMs` old. `always`: written at once, and safe only when synced. */
  readonly durability: 'flush' | 'always';
  /** A message acknowledged before it is this old is never written. */
  readonly flushIntervalMs: number;
  /** The most that is held in all, on the disk and in memory, in bytes. */
  readonly maxBytes: number;
  /** What is left free on the file system, in bytes: below it, a message to be written is paid for by an older one. */
  readonly minFreeBytes: number;
  /** The most that is held in memory because it is not written yet, or cannot be, in bytes. */
  readonly memoryMaxBytes: number;
  readonly priorities: Readonly<Record<Priority, PrioritySettings>>;
}
