import { createHash } from 'node:crypto';
import * as v from 'valibot';
import { parseJson } from '../lib/json.ts';
import type { MessageContent } from './cloud-message.ts';

const text = v.optional(v.string());

const stored = v.object({
  messageId: text,
  correlationId: text,
  userId: text,
  contentType: text,
  contentEncoding: text,
  expiresAtMs: v.optional(v.number()),
  properties: v.array(v.tuple([v.string(), v.string()])),
  body: v.string(),
});

/** As it stands in a file of the inbox: JSON, the body in base64. */
export function encodeMessage({ properties, body, ...rest }: MessageContent): string {
  return JSON.stringify({ ...rest, properties: Object.entries(properties), body: body.toString('base64') });
}

/** Throws when this is not what `encodeMessage` has made. */
export function decodeMessage(file: string): MessageContent {
  const { properties, body, ...rest } = v.parse(stored, parseJson(file));
  return {
    ...(rest as Omit<MessageContent, 'properties' | 'body'>),
    properties: Object.fromEntries(properties),
    body: Buffer.from(body, 'base64'),
  };
}

/**
 * What a message is recognised by when it comes again: its ID, with what it says. Senders are free to use an ID twice
 * (protocol.md 3.4), and what says something else is another message. `undefined` without an ID: the same text twice may
 * well be meant.
 */
export function fingerprint({ messageId, properties, body }: MessageContent): string | undefined {
  if (messageId === undefined) return undefined;
  const said = Object.entries(properties).sort(([one], [other]) => (one < other ? -1 : 1));
  const hash = createHash('sha256')
    .update(JSON.stringify([messageId, said]))
    .update(body);
  return hash.digest('base64url').slice(0, 16);
}
