import type { Entry } from './entry.ts';
import type { QueueFile, QueueFiles } from './queue-files.ts';
import { writeRecord } from './record.ts';
import type { Segment } from './segment.ts';
import { footerBytes, headerBytes, seedAt, writeFooter, writeHeader } from './segment-format.ts';
import { SegmentSummary } from './segment-summary.ts';

/** A small append that makes the file longer writes zeros up to the next multiple of this ahead of the next ones. */
const aheadBytes = 65_536;
const smallBytes = 16_384;

/** Writes segment files: one write and one sync an append, nothing half-written left behind where that can be helped. */
export class SegmentWriter {
  readonly #files: QueueFiles;
  /** Everything written since the start, in bytes. */
  bytesWritten = 0;

  constructor(files: QueueFiles) {
    this.#files = files;
  }

  /**
   * Writes the entries' records behind the segment's last, and its footer when that is the end of it; synced once it has
   * resolved. If it rejects the segment is as long as before, or its file is gone if it was new.
   * @param maxBytes how long the segment will be at most
   */
  async append(segment: Segment, entries: readonly Entry[], maxBytes: number, seal: boolean): Promise<void> {
    const isNew = segment.file === undefined;
    try {
      segment.file ??= await this.#files.open(segment.path, 'create');
      await this.#write(segment, segment.file, recordsOf(segment, entries, seal), maxBytes, seal, isNew);
      await segment.file.sync();
      if (isNew) await this.#files.syncDirectory(directoryOf(segment));
    } catch (error) {
      await this.#takeBack(segment, isNew);
      throw error;
    }
  }

  /** Ends a segment that nothing will be appended to any more, so that the next start need not read it. */
  async seal(segment: Segment): Promise<void> {
    const { file, summary } = segment;
    if (file === undefined) return;
    // Shortened first: a footer counts only at the file's end, and zeros may stand there.
    if (segment.fileBytes > summary.end) await file.truncate(summary.end);
    segment.fileBytes = summary.end;
    const footer = writeFooter(segment, summary);
    await file.write(footer, summary.end);
    this.bytesWritten += footer.length;
    segment.fileBytes += footer.length;
  }

  async #write(
    segment: Segment,
    file: QueueFile,
    records: Buffer,
    maxBytes: number,
    seal: boolean,
    isNew: boolean,
  ): Promise<void> {
    const position = isNew ? 0 : segment.summary.end;
    const content = isNew ? Buffer.concat([writeHeader(segment), records]) : records;
    const end = position + content.length;
    const ahead = !seal && end > segment.fileBytes && content.length < smallBytes;
    const until = ahead ? Math.max(end, Math.min(maxBytes, Math.ceil(end / aheadBytes) * aheadBytes)) : end;
    const data = until > end ? Buffer.concat([content, Buffer.alloc(until - end)]) : content;
    await file.write(data, position);
    this.bytesWritten += data.length;
    const before = isNew ? 0 : segment.fileBytes;
    if (seal && before > end) await file.truncate(end);
    segment.fileBytes = seal ? end : Math.max(until, before);
  }

  /** Best effort: what cannot be undone is damage that the next start finds, or messages that come twice. */
  async #takeBack(segment: Segment, isNew: boolean): Promise<void> {
    const { file } = segment;
    try {
      if (!isNew) {
        await file?.truncate(segment.summary.end);
        segment.fileBytes = segment.summary.end;
        return;
      }
      segment.file = undefined;
      await file?.close();
      await this.#files.remove(segment.path);
    } catch {
      // The disk fails, which is known: the error that brought us here is told.
    }
  }
}

function recordsOf(segment: Segment, entries: readonly Entry[], seal: boolean): Buffer {
  const bytes = entries.reduce((sum, entry) => sum + entry.bytes, 0);
  const records = Buffer.allocUnsafeSlow(bytes);
  const start = segment.summary.end;
  let at = 0;
  for (const entry of entries) {
    const seed = seedAt(segment.seed, start + at);
    writeRecord(records, at, entry.bytes, entry.message, entry, seed);
    at += entry.bytes;
  }
  return seal ? Buffer.concat([records, writeFooter(segment, summaryWith(segment, entries))]) : records;
}

/** The segment's summary as it will be when these are written. */
function summaryWith(segment: Segment, entries: readonly Entry[]): SegmentSummary {
  const summary = Object.assign(new SegmentSummary(headerBytes), segment.summary);
  for (const entry of entries) {
    summary.add(entry.facts);
    summary.end += entry.bytes;
  }
  return summary;
}

/** How much of a segment its footer takes. */
export const sealBytes = footerBytes;

function directoryOf({ path }: Segment): string {
  return path.slice(0, path.lastIndexOf('/'));
}
