import type { Priority } from '../priority.ts';
import type { QueueFile, QueueFiles } from './queue-files.ts';
import { scanRecords } from './scan.ts';
import type { Scan } from './scan.ts';
import { Segment, segmentFileName } from './segment.ts';
import type { Cursor } from './segment.ts';
import {
  footerBytes,
  headerBytes,
  readFooter,
  readHeader,
  segmentSeed,
  writeFooter,
} from './segment-format.ts';
import { SegmentSummary } from './segment-summary.ts';

/** What became of a segment file of an earlier run. */
export interface Recovered {
  readonly segment: Segment;
  /** Stretches of it that are damaged. */
  readonly damaged: number;
  /** Whether it had a good footer; if not, it was read. */
  readonly sealed: boolean;
}

export interface RecoveryParts {
  readonly files: QueueFiles;
  readonly directory: string;
  readonly priority: Priority;
  /** Queues that may have written a segment whose header is lost. */
  readonly queueIds: Iterable<string>;
}

/** Opens a segment of an earlier run: by its footer, or by reading it. */
export async function recoverSegment(
  parts: RecoveryParts,
  number: number,
  cursor: Cursor | undefined,
): Promise<Recovered> {
  const file = await parts.files.open(`${parts.directory}/${segmentFileName(number)}`, 'read');
  try {
    const bytes = await file.size();
    const end = await file.read(footerBytes, Math.max(0, bytes - footerBytes));
    const footer = readFooter(end, bytes, number);
    if (footer === undefined) return await readWhole(parts, file, bytes, number, cursor);
    const segment = new Segment(parts.directory, { queueId: footer.queueId, number }, footer.summary);
    segment.restore(cursor);
    return { segment, damaged: 0, sealed: true };
  } finally {
    await file.close();
  }
}

/** So that the next start need not read it again. What follows the last record is cut off. */
export async function sealRecovered(files: QueueFiles, segment: Segment): Promise<void> {
  const file = await files.open(segment.path, 'edit');
  try {
    await file.truncate(segment.summary.end);
    await file.write(writeFooter(segment, segment.summary), segment.summary.end);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function readWhole(
  parts: RecoveryParts,
  file: QueueFile,
  bytes: number,
  number: number,
  cursor: Cursor | undefined,
): Promise<Recovered> {
  const content = await file.read(bytes, 0);
  const header = readHeader(content, number);
  const { queueId, scan } = scanAs(header === undefined ? parts.queueIds : [header], content, number);
  const segment = new Segment(parts.directory, { queueId, number }, summaryOf(scan));
  segment.restore(cursor);
  return { segment, damaged: scan.damaged, sealed: false };
}

/** With the header lost, the CRCs of the records tell whose they are: under another queue's ID none of them is good. */
function scanAs(
  queueIds: Iterable<string>,
  content: Buffer,
  number: number,
): { readonly queueId: string; readonly scan: Scan } {
  const records = content.subarray(headerBytes);
  let found = {
    queueId: '',
    scan: { records: [], damaged: content.some(Boolean) ? 1 : 0, end: headerBytes } as Scan,
  };
  for (const queueId of queueIds) {
    const scan = scanRecords(records, headerBytes, { queueId, seed: segmentSeed({ queueId, number }) });
    found = { queueId, scan };
    if (scan.records.length > 0) break;
  }
  return found;
}

function summaryOf({ records, end }: Scan): SegmentSummary {
  const summary = new SegmentSummary(end);
  for (const record of records) summary.add(record);
  return summary;
}
