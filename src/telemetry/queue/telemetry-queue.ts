import type { MessageDraft, TelemetryMessage } from '../message.ts';
import type { Priority } from '../priority.ts';

/** Why a message that was accepted, or offered, will not be delivered. */
export const dropReasons = ['cap', 'ttl', 'disk_full', 'oversize', 'corrupt', 'rejected'] as const;
export type DropReason = (typeof dropReasons)[number];

/**
 * Where a message is safe: at the hub, which has acknowledged it; on the disk, as durably as configured; or in memory
 * only, because the disk cannot be written just now.
 */
export type Place = 'hub' | 'disk' | 'memory';

export type Offer =
  | {
      readonly accepted: true;
      readonly messageId: string;
      readonly sequence: number;
      /**
       * Resolves when the message is as safe as it can be made: `flush` – at the hub or in a file, which is at most a
       * flush interval; `always` – at the hub or synced. With a disk that fails: `memory`. Never rejects.
       */
      readonly safe: Promise<Place>;
      /** Where it is safe by now, for whoever asks about many and would rather not wait for each. */
      readonly place?: Place | undefined;
    }
  | { readonly accepted: false; readonly reason: 'full' | 'oversize' };

/** A message taken for sending: it stays the queue's until it is acknowledged. */
export interface QueuedMessage {
  readonly message: TelemetryMessage;
  /** When it was accepted, on the monotonic clock; `undefined` for one of an earlier run. */
  readonly acceptedMs: number | undefined;
}

/** What was dropped and has not been told to the cloud yet. */
export interface Loss {
  readonly priority: Priority;
  readonly reason: DropReason;
  readonly count: number;
  /** Creation times of the oldest and the newest of them, as far as known, in milliseconds since 1970. */
  readonly fromMs: number;
  readonly toMs: number;
}

export interface PriorityStatus {
  /** Messages held, those taken included. */
  readonly messages: number;
  readonly bytes: number;
  /** When the oldest was made, in milliseconds since 1970. */
  readonly oldestMs: number | undefined;
}

export interface QueueStatus {
  readonly priorities: Readonly<Record<Priority, PriorityStatus>>;
  /** Since the start. */
  readonly dropped: Readonly<Record<Priority, Readonly<Record<DropReason, number>>>>;
  readonly storage: 'disk' | 'memory';
  /** Why it is `memory`. */
  readonly trouble?: string | undefined;
  /** Written to files since the start, in bytes. */
  readonly diskBytesWritten: number;
}

/** What was measured and has not reached the hub yet. Every message accepted is acknowledged or counted as dropped. */
export interface TelemetryQueue {
  /** Takes it in at once, or says why not. When there is no room the oldest of the lowest priority goes, and is counted. */
  offer(draft: MessageDraft): Offer;
  /** Resolves as soon as more can be taken in without waiting for the disk; at once when the signal is aborted. */
  ready(signal: AbortSignal): Promise<void>;
  /** The oldest of that priority that nobody else has taken, as soon as there is one; `undefined` once aborted. */
  take(priority: Priority, signal: AbortSignal): Promise<QueuedMessage | undefined>;
  /** The hub has it. */
  acknowledge(entry: QueuedMessage): void;
  /** It could not be sent: it goes back to its place, to be taken again. */
  release(entry: QueuedMessage): void;
  /** The hub will never take it: it goes to the dead-letter file, counted as `rejected`. */
  setAside(entry: QueuedMessage, why: string): void;
  readonly depth: number;
  readonly status: QueueStatus;
  /** What was dropped and not told yet; empty when there is nothing to tell. Kept over restarts. */
  readonly losses: readonly Loss[];
  /** These have been put on their way, in a message that is safe: they are told no more. */
  lossesTold(losses: readonly Loss[]): void;
}
