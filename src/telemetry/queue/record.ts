import { crc32 } from 'node:zlib';
import type { MessageContent, TelemetryMessage } from '../message.ts';
import { bytesOf } from '../message.ts';
import type { Priority } from '../priority.ts';
import { packNumber, packText, packedBytes, unpackNumber, unpackText } from './packing.ts';

/**
 * One message in a segment file:
 *
 *     0  magic       2  FE D1: no text in UTF-8 holds an FE
 *     2  crc         4  CRC-32 of all that follows, begun with the segment's seed and the record's position
 *     6  length      3  of the whole record
 *     9  flags       1
 *    10  sequence    6
 *    16  created     6  milliseconds since 1970
 *    22  ttl         6  if it has one of its own, then the input, content type, component and properties; then the body
 *
 * As the CRC depends on the queue's ID, the segment's number and the position, bytes that merely look like a record
 * (a copy of one in a message's body, what a disk block held before) are never taken for one.
 */
export interface RecordHead {
  /** Where it begins in the segment, in bytes. */
  readonly position: number;
  readonly length: number;
  readonly sequence: number;
  readonly createdAtMs: number;
  /** Its own TTL; `undefined`: its priority's. */
  readonly ttlMs: number | undefined;
  /** Whether the clock could be trusted when it was accepted; if not, it does not expire. */
  readonly clockTrusted: boolean;
}

/** What a record holds besides the message's content. */
export interface RecordFacts {
  readonly sequence: number;
  readonly ttlMs: number | undefined;
  readonly clockTrusted: boolean;
}

export const magic = Buffer.from([0xfe, 0xd1]);
export const headBytes = 22;
const largestNumber = 2 ** 48 - 1;

const flag = { text: 1, clockUntrusted: 2, ttl: 4, component: 8, properties: 16 } as const;
const kindShift = 5;
/** Content types and encodings that are not spelled out in a record; the fourth kind is. */
const kinds = [
  { contentType: 'application/json', contentEncoding: 'utf-8' },
  { contentType: 'application/json', contentEncoding: 'gzip' },
  { contentType: 'application/octet-stream', contentEncoding: undefined },
] as const;
const spelledOut = kinds.length;
const noProperties: Readonly<Record<string, string>> = {};

/** The length of the message's record, in bytes. */
export function recordBytes(content: MessageContent, ttlMs: number | undefined): number {
  let bytes = headBytes + (ttlMs === undefined ? 0 : 6) + packedBytes(content.input);
  if (kindOf(content) === spelledOut)
    bytes += packedBytes(content.contentType) + packedBytes(encodingText(content));
  if (content.component !== undefined) bytes += packedBytes(content.component);
  const names = Object.keys(content.properties);
  if (names.length > 0) bytes += packNumber(undefined, 0, names.length);
  for (const name of names) bytes += packedBytes(name) + packedBytes(content.properties[name] ?? '');
  return bytes + bytesOf(content.body);
}

/**
 * Writes the record at `at` of `buffer`, which has room for it.
 * @param seed of the segment, with the record's position in it (`seedAt`)
 */
export function writeRecord(
  buffer: Buffer,
  at: number,
  length: number,
  content: MessageContent,
  facts: RecordFacts,
  seed: number,
): void {
  magic.copy(buffer, at);
  buffer.writeUIntBE(length, at + 6, 3);
  buffer[at + 9] = flagsOf(content, facts);
  buffer.writeUIntBE(facts.sequence, at + 10, 6);
  buffer.writeUIntBE(recordedMs(content.createdAtMs), at + 16, 6);
  const bodyAt = writeMeta(buffer, at + headBytes, content, facts);
  if (typeof content.body === 'string') buffer.write(content.body, bodyAt, 'utf8');
  else content.body.copy(buffer, bodyAt);
  buffer.writeUInt32BE(crc32(buffer.subarray(at + 6, at + length), seed), at + 2);
}

/** The record at `at`; `undefined` unless a whole and undamaged one begins there. */
export function readHead(buffer: Buffer, at: number, position: number, seed: number): RecordHead | undefined {
  if (at + headBytes > buffer.length || buffer[at] !== magic[0] || buffer[at + 1] !== magic[1])
    return undefined;
  const length = buffer.readUIntBE(at + 6, 3);
  if (length < headBytes || at + length > buffer.length) return undefined;
  if (crc32(buffer.subarray(at + 6, at + length), seed) !== buffer.readUInt32BE(at + 2)) return undefined;
  const flags = buffer[at + 9] ?? 0;
  return {
    position,
    length,
    sequence: buffer.readUIntBE(at + 10, 6),
    createdAtMs: buffer.readUIntBE(at + 16, 6),
    ttlMs: (flags & flag.ttl) === 0 ? undefined : buffer.readUIntBE(at + headBytes, 6),
    clockTrusted: (flags & flag.clockUntrusted) === 0,
  };
}

/** The message of the record whose head was read at `at`. Nothing of it keeps `buffer` alive. */
export function readMessage(
  buffer: Buffer,
  at: number,
  head: RecordHead,
  queueId: string,
  priority: Priority,
): TelemetryMessage {
  const flags = buffer[at + 9] ?? 0;
  const from = { buffer, at: at + headBytes + (head.ttlMs === undefined ? 0 : 6) };
  const input = unpackText(from);
  const { contentType, contentEncoding } = readKind(from, flags >> kindShift);
  const component = (flags & flag.component) === 0 ? undefined : unpackText(from);
  const properties = (flags & flag.properties) === 0 ? noProperties : readProperties(from);
  const body = buffer.subarray(from.at, at + head.length);
  // Member by member: what is spread first is made slow to use, and three times as large.
  return {
    contentType,
    contentEncoding,
    body: (flags & flag.text) === 0 ? Buffer.from(body) : body.toString('utf8'),
    createdAtMs: head.createdAtMs,
    input,
    component,
    properties,
    priority,
    messageId: messageIdOf(queueId, head.sequence),
    sequence: head.sequence,
  };
}

export function messageIdOf(queueId: string, sequence: number): string {
  return `${queueId}-${sequence}`;
}

/** A time as it can be written: one that makes no sense becomes 0, or the last there is. */
export function recordedMs(ms: number): number {
  return ms > 0 ? Math.min(Math.trunc(ms), largestNumber) : 0;
}

function flagsOf(content: MessageContent, facts: RecordFacts): number {
  let flags = kindOf(content) << kindShift;
  if (typeof content.body === 'string') flags |= flag.text;
  if (!facts.clockTrusted) flags |= flag.clockUntrusted;
  if (facts.ttlMs !== undefined) flags |= flag.ttl;
  if (content.component !== undefined) flags |= flag.component;
  if (Object.keys(content.properties).length > 0) flags |= flag.properties;
  return flags;
}

function kindOf({ contentType, contentEncoding }: MessageContent): number {
  const kind = kinds.findIndex(
    (known) => known.contentType === contentType && known.contentEncoding === contentEncoding,
  );
  return kind === -1 ? spelledOut : kind;
}

function encodingText({ contentEncoding }: MessageContent): string {
  return contentEncoding ?? '';
}

function writeMeta(buffer: Buffer, start: number, content: MessageContent, facts: RecordFacts): number {
  let at = start;
  if (facts.ttlMs !== undefined) at = buffer.writeUIntBE(recordedMs(facts.ttlMs), at, 6);
  at = packText(buffer, at, content.input);
  if (kindOf(content) === spelledOut) {
    at = packText(buffer, at, content.contentType);
    at = packText(buffer, at, encodingText(content));
  }
  if (content.component !== undefined) at = packText(buffer, at, content.component);
  const names = Object.keys(content.properties);
  if (names.length > 0) at += packNumber(buffer, at, names.length);
  for (const name of names) at = packText(buffer, packText(buffer, at, name), content.properties[name] ?? '');
  return at;
}

function readKind(
  from: { buffer: Buffer; at: number },
  kind: number,
): Pick<MessageContent, 'contentType' | 'contentEncoding'> {
  const known = kinds[kind];
  if (known !== undefined) return known;
  const contentType = unpackText(from);
  const contentEncoding = unpackText(from);
  return { contentType, contentEncoding: contentEncoding === '' ? undefined : contentEncoding };
}

function readProperties(from: { buffer: Buffer; at: number }): Record<string, string> {
  const count = unpackNumber(from);
  const entries: [string, string][] = [];
  for (let index = 0; index < count; index += 1) entries.push([unpackText(from), unpackText(from)]);
  return Object.fromEntries(entries);
}
