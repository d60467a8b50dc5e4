import type { TelemetryMessage } from '../message.ts';
import type { RecordHead } from './record.ts';
import { recordedMs } from './record.ts';
import type { Segment } from './segment.ts';
import type { Place, QueuedMessage } from './telemetry-queue.ts';

/** What the queue knows of a message besides the message itself. */
export interface EntryFacts {
  readonly acceptedMs: number | undefined;
  /** Its own TTL; `undefined`: its priority's. */
  readonly ttlMs: number | undefined;
  readonly clockTrusted: boolean;
  /** The length of its record. */
  readonly bytes: number;
}

/**
 * `released`: taken before, and given back. `settled`: acknowledged, dropped or set aside; whoever comes upon it passes
 * it over.
 */
export type EntryState = 'waiting' | 'taken' | 'released' | 'settled';

/** A message in memory: not written yet, read ahead, or taken. */
export class Entry implements QueuedMessage {
  readonly message: TelemetryMessage;
  readonly acceptedMs: number | undefined;
  readonly ttlMs: number | undefined;
  readonly clockTrusted: boolean;
  readonly bytes: number;
  /** The segment that holds it, and where; `undefined` while it is in memory only. */
  segment: Segment | undefined;
  position = 0;
  state: EntryState = 'waiting';
  #place: Place | undefined;
  #safe: Promise<Place> | undefined;
  #resolve: (place: Place) => void = () => undefined;

  constructor(message: TelemetryMessage, facts: EntryFacts) {
    this.message = message;
    this.acceptedMs = facts.acceptedMs;
    this.ttlMs = facts.ttlMs;
    this.clockTrusted = facts.clockTrusted;
    this.bytes = facts.bytes;
  }

  /** The first place it has reached. */
  get place(): Place | undefined {
    return this.#place;
  }

  /** Made when it is asked for: most never are. */
  get safe(): Promise<Place> {
    if (this.#place !== undefined) return Promise.resolve(this.#place);
    this.#safe ??= new Promise((resolve) => {
      this.#resolve = resolve;
    });
    return this.#safe;
  }

  /** The first place it reaches is the one that is told. */
  reached(place: Place): void {
    if (this.#place !== undefined) return;
    this.#place = place;
    this.#resolve(place);
  }

  /** In memory only, and still to be delivered. */
  get isUnwritten(): boolean {
    return this.segment === undefined && this.state !== 'settled';
  }

  get sequence(): number {
    return this.message.sequence;
  }

  /** What its record says of it. */
  get facts(): Omit<RecordHead, 'position' | 'length'> {
    const { sequence, ttlMs, clockTrusted } = this;
    return { sequence, ttlMs, clockTrusted, createdAtMs: recordedMs(this.message.createdAtMs) };
  }

  /** On the wall clock; `undefined`: never. */
  expiresAtMs(priorityTtlMs: number | undefined): number | undefined {
    const ttlMs = this.ttlMs ?? priorityTtlMs;
    return ttlMs === undefined || !this.clockTrusted ? undefined : this.message.createdAtMs + ttlMs;
  }
}
