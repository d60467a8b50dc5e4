import { Journal } from './journal.ts';

/** One connection: who, when, and how it ended. A CONNECT that was refused is one that ended at once. */
export interface ConnectionRecord {
  /** Goes up with every change of any record; `id` stays. */
  readonly sequence: number;
  readonly id: number;
  readonly service: 'dps' | 'hub';
  /** The hub's name, also for DPS connections: the port they came by. */
  readonly hub: string;
  /** Device ID, or registration ID at DPS. */
  readonly device: string;
  readonly remoteAddress: string;
  readonly connectedAt: string;
  readonly authentication?: 'sas' | 'x509';
  readonly clean: boolean;
  readonly sessionPresent: boolean;
  /** As the client asked; seconds. */
  readonly keepAlive: number;
  /** The CONNACK code, when the connection was refused. */
  readonly refused?: number;
  readonly endedAt?: string;
  readonly reason?: string;
}

export type ConnectionStart = Omit<ConnectionRecord, 'sequence' | 'id' | 'endedAt' | 'reason'>;

/** Bounded: the oldest ended connections go first and are counted; open ones are always listed. */
export class ConnectionLog {
  readonly #journal: Journal<ConnectionRecord>;
  readonly #current = new Map<number, ConnectionRecord>();
  #sequence = 0;
  #nextId = 1;

  constructor(maxRecords: number) {
    this.#journal = new Journal({ maxItems: maxRecords, maxBytes: Infinity, bytesOf: () => 0 });
  }

  get dropped(): number {
    return this.#journal.dropped;
  }

  started(start: ConnectionStart): number {
    const record = { ...start, sequence: ++this.#sequence, id: this.#nextId++ };
    this.#current.set(record.id, record);
    this.#journal.push(record);
    return record.id;
  }

  ended(id: number, endedAt: string, reason: string): void {
    const record = this.#current.get(id);
    if (record === undefined) return;
    this.#current.delete(id);
    this.#journal.push({ ...record, sequence: ++this.#sequence, endedAt, reason });
  }

  /** What is connected now, oldest first. */
  current(): ConnectionRecord[] {
    return [...this.#current.values()];
  }

  /** Every connection still remembered, in its latest form, oldest first. */
  history(): ConnectionRecord[] {
    const latest = new Map<number, ConnectionRecord>();
    for (const record of this.#journal.since()) latest.set(record.id, record);
    for (const record of this.#current.values()) latest.set(record.id, record);
    return [...latest.values()].sort((one, other) => one.id - other.id);
  }

  /** Calls back as connections begin, are refused and end, until the returned function is called. */
  subscribe(listener: (record: ConnectionRecord) => void): () => void {
    return this.#journal.subscribe(listener);
  }

  /** The first beginning or end of a connection, past or to come, that satisfies. */
  async waitFor(
    wanted: (record: ConnectionRecord) => boolean,
    signal: AbortSignal,
  ): Promise<ConnectionRecord> {
    return await this.#journal.waitFor(wanted, signal);
  }
}
