import type { QueueState } from './queue-state.ts';

/** How far ahead numbers are set aside, so that a start after a crash repeats none and running writes nothing. */
const reserved = 1_000_000;

/** Gives every message and every segment a number that no other has, in this run or another. */
export class Numbering {
  readonly queueId: string;
  #sequence: number;
  #segment: number;
  #reservedTo: number;

  /** @param first numbers that were never used */
  constructor(queueId: string, first: Pick<QueueState, 'nextSequence' | 'nextSegment'>) {
    this.queueId = queueId;
    this.#sequence = first.nextSequence;
    this.#segment = first.nextSegment;
    this.#reservedTo = first.nextSequence;
  }

  nextSequence(): number {
    return this.#sequence++;
  }

  nextSegment(): number {
    return this.#segment++;
  }

  /** The last that was given, in this run or before it. */
  get lastSequence(): number {
    return this.#sequence - 1;
  }

  get isRunningOut(): boolean {
    return this.#sequence > this.#reservedTo - reserved / 2;
  }

  /** What is to be on the disk while running. */
  get reservation(): Pick<QueueState, 'queueId' | 'nextSequence' | 'nextSegment'> {
    const { queueId } = this;
    return { queueId, nextSequence: this.#sequence + reserved, nextSegment: this.#segment + reserved };
  }

  /** That reservation is on the disk. */
  hasReserved({ nextSequence }: Pick<QueueState, 'nextSequence'>): void {
    this.#reservedTo = nextSequence;
  }

  /** What is to be on the disk when nothing runs. */
  get exact(): Pick<QueueState, 'queueId' | 'nextSequence' | 'nextSegment'> {
    const { queueId } = this;
    return { queueId, nextSequence: this.#sequence, nextSegment: this.#segment };
  }
}
