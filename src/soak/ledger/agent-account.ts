import type { LedgerEntry } from '../evidence.ts';
import type { ReadingSeen } from '../load/numbered-reading.ts';
import type { Arrival } from './arrival.ts';
import { GrowingBits } from './growing-bits.ts';
import { RecentNumbers } from './recent-numbers.ts';

const mostContradictions = 10;
const mostFirstMissing = 20;
/** After a crash the queue's numbers go on up to a million further (docs/queue.md): a leap is no gap. */
const leap = 10_000;

/** What an arrival was to the account: how many promised numbers it brought, and how many came again. */
export interface Booked {
  readonly delivered: number;
  readonly duplicates: number;
}

/** What one agent was given, promised and delivered. Two bits a number, and what the last 65,536 came by. */
export class AgentAccount {
  readonly #name: string;
  readonly #promised = new GrowingBits();
  readonly #arrived = new GrowingBits();
  readonly #sequenceOf = new RecentNumbers();
  readonly #refused = new Map<string, number>();
  readonly #contradictions: string[] = [];
  #contradictionsInAll = 0;
  #lastPosted = 0;
  #posted = 0;
  #promisedInAll = 0;
  #delivered = 0;
  #duplicates = 0;
  #told = 0;
  #highest = 0;
  #outOfOrder = 0;
  #furthestOutOfOrder = 0;
  #queue: QueueNumbers | undefined;
  #gapsBefore = 0;

  constructor(name: string) {
    this.#name = name;
  }

  /** Promised, and not at the hub yet. */
  get outstanding(): number {
    return this.#promisedInAll - this.#delivered;
  }

  posted(numbers: readonly number[]): void {
    this.#posted += numbers.length;
    this.#lastPosted = Math.max(this.#lastPosted, ...numbers);
  }

  /** Returns how many of them had arrived before. */
  promised(numbers: readonly number[]): number {
    let arrived = 0;
    for (const n of numbers) {
      if (!this.#promised.add(n)) continue;
      this.#promisedInAll += 1;
      if (this.#arrived.has(n)) arrived += 1;
    }
    this.#delivered += arrived;
    return arrived;
  }

  refused(numbers: readonly number[], status: string): void {
    this.#refused.set(status, (this.#refused.get(status) ?? 0) + numbers.length);
  }

  arrive(arrival: Arrival): Booked {
    if (arrival.kind === 'wrong') {
      this.contradict(arrival.problem);
      return nothing;
    }
    const queue = this.#queueNumbers(arrival.queue);
    const content = arrival.kind === 'readings' ? (arrival.readings[0]?.n ?? 0) : 0;
    const isKnown = queue.isKnown(arrival.sequence);
    if (!queue.agrees(arrival.sequence, content)) {
      this.contradict(
        `message ID ${arrival.queue}-${arrival.sequence} came with two contents, one number ${content}`,
      );
    }
    if (arrival.kind === 'readings') return this.#readings(arrival.readings, arrival.sequence);
    if (isKnown) {
      this.#duplicates += 1;
      return { delivered: 0, duplicates: 1 };
    }
    if (arrival.kind === 'losses') this.#told += arrival.lost;
    return nothing;
  }

  contradict(problem: string): void {
    this.#contradictionsInAll += 1;
    if (this.#contradictions.length < mostContradictions) this.#contradictions.push(problem);
  }

  entry(): LedgerEntry {
    const more = this.#contradictionsInAll - this.#contradictions.length;
    return {
      posted: this.#posted,
      promised: this.#promisedInAll,
      refused: Object.fromEntries(this.#refused),
      delivered: this.#delivered,
      duplicates: this.#duplicates,
      missing: this.outstanding,
      toldDropped: this.#told,
      outOfOrder: this.#outOfOrder,
      furthestOutOfOrder: this.#furthestOutOfOrder,
      sequenceGaps: this.#gapsBefore + (this.#queue?.gaps ?? 0),
      contradictions: [...this.#contradictions, ...(more > 0 ? [`and ${more} more`] : [])],
      firstMissing: this.#firstMissing(),
    };
  }

  #readings(readings: readonly ReadingSeen[], sequence: number): Booked {
    let [delivered, duplicates] = [0, 0];
    for (const reading of readings) {
      if (!this.#isOurs(reading)) continue;
      const { n } = reading;
      if (!this.#sequenceOf.agrees(n, sequence)) {
        this.contradict(`number ${n} came under two message IDs, one with sequence ${sequence}`);
      }
      if (!this.#arrived.add(n)) duplicates += 1;
      else {
        this.#seeOrder(n);
        if (this.#promised.has(n)) delivered += 1;
      }
    }
    this.#delivered += delivered;
    this.#duplicates += duplicates;
    return { delivered, duplicates };
  }

  #isOurs({ agent, n, isIntact }: ReadingSeen): boolean {
    if (agent !== this.#name) this.contradict(`number ${n} of ${agent} came from ${this.#name}`);
    else if (!isIntact) this.contradict(`number ${n} is not as it was posted`);
    else if (n > this.#lastPosted) this.contradict(`number ${n} came and was never posted`);
    else return true;
    return false;
  }

  #seeOrder(n: number): void {
    if (n > this.#highest) this.#highest = n;
    else {
      this.#outOfOrder += 1;
      this.#furthestOutOfOrder = Math.max(this.#furthestOutOfOrder, this.#highest - n);
    }
  }

  /** A queue that has lost its state begins a new ID, and with it new numbers: what was known of the old ones goes. */
  #queueNumbers(queue: string): QueueNumbers {
    if (this.#queue?.name === queue) return this.#queue;
    this.#gapsBefore += this.#queue?.gaps ?? 0;
    this.#queue = new QueueNumbers(queue);
    return this.#queue;
  }

  #firstMissing(): number[] {
    const missing: number[] = [];
    if (this.outstanding === 0) return missing;
    for (let n = 1; n <= this.#lastPosted && missing.length < mostFirstMissing; n += 1) {
      if (this.#promised.has(n) && !this.#arrived.has(n)) missing.push(n);
    }
    return missing;
  }
}

const nothing: Booked = { delivered: 0, duplicates: 0 };

/** The sequence numbers of one queue ID. */
class QueueNumbers {
  readonly name: string;
  readonly #contentOf = new RecentNumbers();
  #lowest = Infinity;
  #highest = -Infinity;
  #seen = 0;
  #leapt = 0;

  constructor(name: string) {
    this.name = name;
  }

  get gaps(): number {
    return this.#seen === 0 ? 0 : Math.max(0, this.#highest - this.#lowest + 1 - this.#seen - this.#leapt);
  }

  isKnown(sequence: number): boolean {
    return this.#contentOf.has(sequence);
  }

  agrees(sequence: number, content: number): boolean {
    if (!this.isKnown(sequence)) this.#see(sequence);
    return this.#contentOf.agrees(sequence, content);
  }

  #see(sequence: number): void {
    this.#seen += 1;
    const ahead = sequence - this.#highest - 1;
    if (Number.isFinite(ahead) && ahead > leap) this.#leapt += ahead;
    this.#highest = Math.max(this.#highest, sequence);
    this.#lowest = Math.min(this.#lowest, sequence);
  }
}
