import { isJsonObject } from '../lib/json.ts';
import type { JsonObject } from '../lib/json.ts';
import { labelOf, propertiesOf, timeOf, ttlOf, withinHubLimit } from './message-parts.ts';
import type { Posting } from './posting.ts';
import { componentOf, priorityOf, quoted } from './query.ts';
import type { PostedMessage } from './telemetry-desk.ts';

/**
 * One message as a JSON object describes it: `body` (any JSON), `bodyText` or `bodyBase64`, and what it is about. Throws
 * an error that says what is wrong.
 */
export function messageOf(value: unknown, parseDuration: Posting['parseDuration']): PostedMessage {
  if (!isJsonObject(value)) throw new Error('cannot use it as a message: expected an object with a body');
  refuseUnknown(value);
  const { contentType, contentEncoding, properties, component, priority, ttl, time } = value;
  // Not spread: what a message does not say would take longer than what it says.
  const message: { -readonly [Key in keyof PostedMessage]: PostedMessage[Key] } = contentOf(value);
  if (contentType !== undefined) message.contentType = labelOf('contentType', contentType);
  if (contentEncoding !== undefined) message.contentEncoding = labelOf('contentEncoding', contentEncoding);
  if (properties !== undefined) message.properties = propertiesOf(properties);
  if (component !== undefined) message.component = componentOf(component);
  if (priority !== undefined) message.priority = priorityOf(priority);
  if (ttl !== undefined) message.ttlMs = ttlOf(ttl, parseDuration);
  if (time !== undefined) message.createdAtMs = timeOf(time);
  return withinHubLimit(message);
}

type Content = Pick<PostedMessage, 'body' | 'contentType' | 'contentEncoding' | 'properties'>;

const noProperties = {};

const bodyKeys = ['body', 'bodyText', 'bodyBase64'];
const keys = new Set([
  ...bodyKeys,
  'contentType',
  'contentEncoding',
  'properties',
  'component',
  'priority',
  'ttl',
  'time',
]);

function refuseUnknown(value: JsonObject): void {
  for (const key of Object.keys(value))
    if (!keys.has(key))
      throw new Error(`cannot use the key ${quoted(key)}: there are ${[...keys].join(', ')}`);
  if (bodyKeys.filter((key) => key in value).length !== 1)
    throw new Error(`cannot use it as a message: expected exactly one of ${bodyKeys.join(', ')}`);
}

function contentOf({ body, bodyText, bodyBase64 }: JsonObject): Content {
  if (bodyBase64 !== undefined)
    return {
      body: decoded(bodyBase64),
      contentType: 'application/octet-stream',
      contentEncoding: undefined,
      properties: noProperties,
    };
  if (bodyText === undefined)
    return {
      body: JSON.stringify(body),
      contentType: 'application/json',
      contentEncoding: 'utf-8',
      properties: noProperties,
    };
  if (typeof bodyText !== 'string')
    throw new Error(`cannot use bodyText: expected text, found ${quoted(bodyText)}`);
  return { body: bodyText, contentType: 'text/plain', contentEncoding: 'utf-8', properties: noProperties };
}

/** Node leaves out what is not base64, and so gives less than there should be. */
function decoded(text: unknown): Buffer {
  if (typeof text !== 'string')
    throw new Error(`cannot use bodyBase64: expected text, found ${quoted(text)}`);
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const digits = text.length - padding;
  const body = Buffer.from(text, 'base64');
  if (digits % 4 === 1 || body.length !== Math.floor((digits * 3) / 4))
    throw new Error('cannot use bodyBase64: it is not base64 without line ends, or was cut off');
  return body;
}
