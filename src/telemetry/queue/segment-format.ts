import { crc32 } from 'node:zlib';
import { readSummary, summaryBytes, writeSummary } from './segment-summary.ts';
import type { SegmentSummary } from './segment-summary.ts';

/**
 * A segment file: header, records, and once it is sealed a footer, which ends the file. What follows the last record of
 * one that is not sealed is zeros. The header stands there twice, so that no single damage hides whose it is.
 */
export interface SegmentName {
  /** Of the queue that wrote it: the first part of its messages' IDs. */
  readonly queueId: string;
  /** Never used again for another segment. */
  readonly number: number;
}

export const queueIdLength = 8;
const headerMagic = 0xfe_d1_5e_61;
const footerMagic = 0xfe_d1_f0_07;
const copyBytes = 4 + queueIdLength + 6 + 4;
export const headerBytes = 2 * copyBytes;
export const footerBytes = 4 + queueIdLength + summaryBytes + 4;

/** What the CRC of every record of the segment begins with. */
export function segmentSeed({ queueId, number }: SegmentName): number {
  return crc32(`${queueId} ${number}`);
}

/** What the CRC of a record at that position begins with. */
export function seedAt(seed: number, position: number): number {
  return (seed ^ position) >>> 0;
}

export function writeHeader(name: SegmentName): Buffer {
  const copy = Buffer.alloc(copyBytes);
  copy.writeUInt32BE(headerMagic, 0);
  copy.write(name.queueId, 4, queueIdLength, 'latin1');
  copy.writeUIntBE(name.number, 4 + queueIdLength, 6);
  copy.writeUInt32BE(crc32(copy.subarray(0, copyBytes - 4)), copyBytes - 4);
  return Buffer.concat([copy, copy]);
}

/** The queue's ID, from whichever copy of the header is undamaged and that of this segment. */
export function readHeader(file: Buffer, number: number): string | undefined {
  for (let at = 0; at + copyBytes <= Math.min(headerBytes, file.length); at += copyBytes) {
    const copy = file.subarray(at, at + copyBytes);
    if (copy.readUInt32BE(0) !== headerMagic || copy.readUIntBE(4 + queueIdLength, 6) !== number) continue;
    if (copy.readUInt32BE(copyBytes - 4) !== crc32(copy.subarray(0, copyBytes - 4))) continue;
    return copy.toString('latin1', 4, 4 + queueIdLength);
  }
  return undefined;
}

export function writeFooter(name: SegmentName, summary: SegmentSummary): Buffer {
  const footer = Buffer.alloc(footerBytes);
  footer.writeUInt32BE(footerMagic, 0);
  footer.write(name.queueId, 4, queueIdLength, 'latin1');
  writeSummary(footer, 4 + queueIdLength, summary);
  footer.writeUInt32BE(footerCrc(footer, name.number), footerBytes - 4);
  return footer;
}

/** @param end the file's last bytes @param fileBytes how long the file is: a footer stands right behind the records */
export function readFooter(
  end: Buffer,
  fileBytes: number,
  number: number,
): { readonly queueId: string; readonly summary: SegmentSummary } | undefined {
  const footer = end.subarray(Math.max(0, end.length - footerBytes));
  if (footer.length < footerBytes || footer.readUInt32BE(0) !== footerMagic) return undefined;
  if (footer.readUInt32BE(footerBytes - 4) !== footerCrc(footer, number)) return undefined;
  const summary = readSummary(footer, 4 + queueIdLength);
  if (summary.end + footerBytes !== fileBytes) return undefined;
  return { queueId: footer.toString('latin1', 4, 4 + queueIdLength), summary };
}

/** Whether what begins there is, or was before it was damaged or cut, a footer and no record. */
export function looksLikeFooter(file: Buffer, at: number, queueId: string): boolean {
  const start = Buffer.alloc(4 + queueIdLength);
  start.writeUInt32BE(footerMagic, 0);
  start.write(queueId, 4, 'latin1');
  const there = file.subarray(at, at + start.length);
  if (there.length < start.length) return there.equals(start.subarray(0, there.length));
  return there.subarray(0, 4).equals(start.subarray(0, 4)) || there.subarray(4).equals(start.subarray(4));
}

function footerCrc(footer: Buffer, number: number): number {
  return crc32(footer.subarray(0, footerBytes - 4), number >>> 0);
}
