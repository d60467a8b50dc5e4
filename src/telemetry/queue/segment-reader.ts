import { Entry } from './entry.ts';
import type { Lane } from './lane.ts';
import type { QueueFile, QueueFiles } from './queue-files.ts';
import { readMessage } from './record.ts';
import type { RecordHead } from './record.ts';
import { readRecords, scanRecords } from './scan.ts';
import type { Segment } from './segment.ts';

/** How much of a segment is read at once, in bytes; more only where a record is longer, or something is damaged. */
const chunkBytes = 32_768;

export interface ReadAhead {
  readonly entries: readonly Entry[];
  /** How far the segment has been read now. */
  readonly readTo: number;
}

/** Reads the next messages of the segment that are neither settled nor in memory. */
export async function readAhead(files: QueueFiles, lane: Lane, segment: Segment): Promise<ReadAhead> {
  const file = await files.open(segment.path, 'read');
  try {
    return await readNext(file, lane, segment);
  } finally {
    await file.close();
  }
}

async function readNext(file: QueueFile, lane: Lane, segment: Segment): Promise<ReadAhead> {
  const { readTo: start, summary } = segment;
  const left = summary.end - start;
  const chunk = await file.read(Math.min(chunkBytes, left), start);
  const records = readRecords(chunk, start, segment);
  const last = records.at(-1);
  if (last !== undefined) {
    const readTo = last.position + last.length;
    return { entries: entriesOf(chunk, start, records, lane, segment), readTo };
  }
  return await readPastDamage(file, lane, segment);
}

/** What is at the front is damaged, or longer than a chunk. */
async function readPastDamage(file: QueueFile, lane: Lane, segment: Segment): Promise<ReadAhead> {
  const { readTo: start, summary } = segment;
  const end = summary.end;
  const rest = await file.read(end - start, start);
  const { records } = scanRecords(rest, start, segment);
  return { entries: entriesOf(rest, start, records, lane, segment), readTo: end };
}

function entriesOf(
  bytes: Buffer,
  base: number,
  records: readonly RecordHead[],
  lane: Lane,
  segment: Segment,
): Entry[] {
  const waiting = records.filter((record) => segment.isWaiting(record));
  return waiting.map((record) => {
    const at = record.position - base;
    const message = readMessage(bytes, at, record, segment.queueId, lane.priority);
    const { ttlMs, clockTrusted, length } = record;
    const entry = new Entry(message, { acceptedMs: undefined, ttlMs, clockTrusted, bytes: length });
    entry.segment = segment;
    entry.position = record.position;
    return entry;
  });
}
