import type { RecordHead } from './record.ts';

type Counted = Pick<RecordHead, 'sequence' | 'createdAtMs' | 'ttlMs' | 'clockTrusted'>;

/** What is known of a segment without reading its records. */
export class SegmentSummary {
  count = 0;
  /** Where its records end, in bytes from the start of the file. */
  end: number;
  lastSequence = 0;
  oldestMs = 0;
  newestMs = 0;
  /** The newest of those that live as long as their priority allows; 0: there are none. */
  newestWithoutTtlMs = 0;
  /** When the last of those with a TTL of their own expires. */
  lastOwnExpiryMs = 0;
  /** Whether one of them was accepted while the clock could not be trusted: it does not expire. */
  holdsTimeless = false;

  constructor(end: number) {
    this.end = end;
  }

  add({ sequence, createdAtMs, ttlMs, clockTrusted }: Counted): void {
    this.oldestMs = this.count === 0 ? createdAtMs : Math.min(this.oldestMs, createdAtMs);
    this.newestMs = Math.max(this.newestMs, createdAtMs);
    this.lastSequence = Math.max(this.lastSequence, sequence);
    if (!clockTrusted) this.holdsTimeless = true;
    else if (ttlMs === undefined) this.newestWithoutTtlMs = Math.max(this.newestWithoutTtlMs, createdAtMs, 1);
    else this.lastOwnExpiryMs = Math.max(this.lastOwnExpiryMs, createdAtMs + ttlMs);
    this.count += 1;
  }

  /** When the last of it expires; `undefined`: never. */
  expiresAtMs(priorityTtlMs: number | undefined): number | undefined {
    if (this.holdsTimeless) return undefined;
    if (this.newestWithoutTtlMs === 0) return this.lastOwnExpiryMs;
    if (priorityTtlMs === undefined) return undefined;
    return Math.max(this.lastOwnExpiryMs, this.newestWithoutTtlMs + priorityTtlMs);
  }
}

export const summaryBytes = 4 + 4 + 5 * 6 + 1;
const largest = 2 ** 48 - 1;

export function writeSummary(buffer: Buffer, start: number, summary: SegmentSummary): void {
  let at = buffer.writeUInt32BE(summary.count, start);
  at = buffer.writeUInt32BE(summary.end, at);
  for (const number of numbersOf(summary))
    at = buffer.writeUIntBE(Math.min(largest, Math.max(0, Math.trunc(number))), at, 6);
  buffer.writeUInt8(summary.holdsTimeless ? 1 : 0, at);
}

export function readSummary(buffer: Buffer, start: number): SegmentSummary {
  const summary = new SegmentSummary(buffer.readUInt32BE(start + 4));
  summary.count = buffer.readUInt32BE(start);
  const number = (index: number): number => buffer.readUIntBE(start + 8 + 6 * index, 6);
  summary.lastSequence = number(0);
  summary.oldestMs = number(1);
  summary.newestMs = number(2);
  summary.newestWithoutTtlMs = number(3);
  summary.lastOwnExpiryMs = number(4);
  summary.holdsTimeless = buffer.readUInt8(start + 38) === 1;
  return summary;
}

function numbersOf(summary: SegmentSummary): number[] {
  const { lastSequence, oldestMs, newestMs, newestWithoutTtlMs, lastOwnExpiryMs } = summary;
  return [lastSequence, oldestMs, newestMs, newestWithoutTtlMs, lastOwnExpiryMs];
}
