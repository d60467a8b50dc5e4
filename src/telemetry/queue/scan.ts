import { headBytes, magic, readHead } from './record.ts';
import type { RecordHead } from './record.ts';
import { looksLikeFooter, seedAt } from './segment-format.ts';

export interface Scan {
  readonly records: readonly RecordHead[];
  /** Stretches that hold no undamaged record, though something was written there. */
  readonly damaged: number;
  /** Where the last record ends. */
  readonly end: number;
}

/** What a scan goes by: the segment's seed, and whose it is. */
export interface ScanKey {
  readonly queueId: string;
  readonly seed: number;
}

/**
 * Finds every undamaged record, whatever stands between them.
 * @param base where in the segment `bytes` begins
 */
export function scanRecords(bytes: Buffer, base: number, key: ScanKey): Scan {
  const records: RecordHead[] = [];
  let damaged = 0;
  let at = 0;
  let end = 0;
  while (at < bytes.length) {
    const record = readHead(bytes, at, base + at, seedAt(key.seed, base + at));
    if (record !== undefined) {
      records.push(record);
      at += record.length;
      end = at;
      continue;
    }
    const next = nextRecord(bytes, at + 1, base, key);
    if (next < bytes.length || wasWritten(bytes, at, key)) damaged += 1;
    at = next;
  }
  return { records, damaged, end: base + end };
}

/** The records from the start of `bytes` on, up to the first that is damaged or not all there. */
export function readRecords(bytes: Buffer, base: number, key: ScanKey): RecordHead[] {
  const records: RecordHead[] = [];
  for (let at = 0; at < bytes.length;) {
    const record = readHead(bytes, at, base + at, seedAt(key.seed, base + at));
    if (record === undefined) break;
    records.push(record);
    at += record.length;
  }
  return records;
}

function nextRecord(bytes: Buffer, from: number, base: number, { seed }: ScanKey): number {
  for (let at = bytes.indexOf(magic, from); at !== -1; at = bytes.indexOf(magic, at + 1))
    if (readHead(bytes, at, base + at, seedAt(seed, base + at)) !== undefined) return at;
  return bytes.length;
}

/** Whether the tail of a segment holds more than the zeros written ahead, or a footer. */
function wasWritten(bytes: Buffer, at: number, { queueId }: ScanKey): boolean {
  if (looksLikeFooter(bytes, at, queueId)) return false;
  return bytes.subarray(at, at + headBytes).some((byte) => byte !== 0);
}
