import { isUtf8 } from 'node:buffer';
import type { Priority } from './priority.ts';

/** The largest message IoT Hub takes, body and properties together, in bytes (protocol.md 3.3). */
export const maxMessageBytes = 262_144;

/** What a message says and about what, before the queue has given it its number. */
export interface MessageContent {
  readonly body: string | Buffer;
  /** Such as `application/json`. */
  readonly contentType: string;
  /** `utf-8` or `gzip`; `undefined` for a body that is no text. */
  readonly contentEncoding: string | undefined;
  /** When it was made, on the wall clock in milliseconds since 1970. */
  readonly createdAtMs: number;
  /** The name of the input it came by; becomes the application property `input`. */
  readonly input: string;
  /** The Plug and Play component it belongs to: `$.sub`. */
  readonly component?: string | undefined;
  /** Application properties besides `input` and `sequence`. */
  readonly properties: Readonly<Record<string, string>>;
}

export interface MessageDraft extends MessageContent {
  readonly priority: Priority;
  /** How long after `createdAtMs` it is still worth sending, in milliseconds; absent: as its priority has it. */
  readonly ttlMs?: number | undefined;
}

/** One device-to-cloud message. */
export interface TelemetryMessage extends MessageContent {
  readonly priority: Priority;
  /** Unique, and kept through every resend and restart, so that a consumer can drop duplicates. */
  readonly messageId: string;
  /** Counts this device's messages, so that a consumer can see gaps; becomes the application property `sequence`. */
  readonly sequence: number;
}

/** More than any message ID and sequence number take, in bytes. */
const numberingBytes = 96;

/** At most what counts towards `maxMessageBytes`: body, system properties, names and values of the others. */
export function messageBytes(content: MessageContent): number {
  const { contentType, contentEncoding = '', component = '', input, body, properties } = content;
  let bytes = numberingBytes + isoLength + bytesOf(body) + Buffer.byteLength(input);
  bytes += contentType.length + contentEncoding.length + component.length;
  for (const [name, value] of Object.entries(properties))
    bytes += Buffer.byteLength(name) + Buffer.byteLength(value);
  return bytes;
}

/** Of a time as ISO 8601 with milliseconds. */
const isoLength = 24;

/** The body as text, if that is what it says it is. */
export function bodyText({
  body,
  contentEncoding,
}: Pick<MessageContent, 'body' | 'contentEncoding'>): string | undefined {
  if (typeof body === 'string') return body;
  return contentEncoding === 'utf-8' && isUtf8(body) ? body.toString('utf8') : undefined;
}

export function bytesOf(body: string | Buffer): number {
  return typeof body === 'string' ? Buffer.byteLength(body) : body.length;
}
