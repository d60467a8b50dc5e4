import type { TelemetryMessage } from '../message.ts';

/** Why a message that was accepted, or offered, will not be delivered. */
export type DropReason = 'cap' | 'oversize';

/** A message taken for sending: it stays the queue's until it is acknowledged. */
export interface QueuedMessage {
  readonly message: TelemetryMessage;
}

/** What was measured and has not reached the hub yet. Every message pushed is acknowledged or counted as dropped. */
export interface TelemetryQueue {
  /** Resolves when the message is as safe as the queue makes it. When there is no room the oldest goes, and is counted. */
  push(message: TelemetryMessage): Promise<void>;
  /** The oldest message that nobody else has taken, as soon as there is one; `undefined` once the signal is aborted. */
  take(signal: AbortSignal): Promise<QueuedMessage | undefined>;
  /** The hub has it. */
  acknowledge(entry: QueuedMessage): void;
  /** It could not be sent: it goes back to its place, to be taken again. */
  release(entry: QueuedMessage): void;
  /** Messages held, those taken included. */
  readonly depth: number;
  readonly dropped: Readonly<Record<DropReason, number>>;
}
