import { randomUUID } from 'node:crypto';
import type { JsonValue } from './json.ts';
import { encodePropertyBag } from './property-bag.ts';
import type { Property } from './property-bag.ts';
import { ServiceError } from './service-error.ts';

/** A cloud-to-device message as the caller gives it; every field but the body may be left out. */
export interface CloudToDeviceMessage {
  /** Text and bytes go as they are, anything else as JSON. */
  readonly body?: JsonValue | Uint8Array | undefined;
  readonly messageId?: string | undefined;
  readonly correlationId?: string | undefined;
  readonly userId?: string | undefined;
  readonly contentType?: string | undefined;
  readonly contentEncoding?: string | undefined;
  readonly ack?: 'none' | 'positive' | 'negative' | 'full' | undefined;
  /** From now; one hour when left out. */
  readonly ttlSeconds?: number | undefined;
  readonly properties?: Readonly<Record<string, string | null>> | undefined;
}

/** A message in a device's queue, as it is kept on disk. */
export interface QueuedMessage {
  readonly messageId: string;
  readonly bag: string;
  readonly bodyBase64: string;
  readonly expiresAtMs: number;
}

/** The limits of protocol.md 3.4. */
export const cloudToDeviceLimits = {
  queueLength: 50,
  bytes: 64 * 1024,
  /** Encoded, with room for the rest of the topic, which MQTT limits to 65,535 bytes. */
  bagBytes: 64_000,
  defaultTtlSeconds: 3600,
  maxTtlSeconds: 2 * 24 * 3600,
} as const;

/** Makes a queued message. Throws a ServiceError when it is too large. */
export function queueMessage(deviceId: string, message: CloudToDeviceMessage, nowMs: number): QueuedMessage {
  const body = bodyOf(message.body);
  if (body.length > cloudToDeviceLimits.bytes) {
    throw new ServiceError(
      'MessageTooLarge',
      `cannot send ${body.length} bytes: at most ${cloudToDeviceLimits.bytes} are allowed`,
    );
  }
  const ttl = ttlSeconds(message);
  const messageId = message.messageId ?? randomUUID();
  const expiresAtMs = nowMs + ttl * 1000;
  const bag = encodePropertyBag(propertiesOf(deviceId, { ...message, messageId }, expiresAtMs));
  if (Buffer.byteLength(bag) > cloudToDeviceLimits.bagBytes) {
    throw new ServiceError('MessageTooLarge', 'cannot send these properties: a topic does not hold them');
  }
  return { messageId, bag, bodyBase64: body.toString('base64'), expiresAtMs };
}

function ttlSeconds(message: CloudToDeviceMessage): number {
  return Math.min(
    message.ttlSeconds ?? cloudToDeviceLimits.defaultTtlSeconds,
    cloudToDeviceLimits.maxTtlSeconds,
  );
}

function propertiesOf(deviceId: string, message: CloudToDeviceMessage, expiresAtMs: number): Property[] {
  const system: (readonly [string, string | undefined])[] = [
    ['$.to', `/devices/${deviceId}/messages/devicebound`],
    ['$.mid', message.messageId],
    ['$.cid', message.correlationId],
    ['$.uid', message.userId],
    ['$.ct', message.contentType],
    ['$.ce', message.contentEncoding],
    ['$.exp', message.ttlSeconds === undefined ? undefined : new Date(expiresAtMs).toISOString()],
    ['iothub-ack', message.ack ?? 'none'],
  ];
  const given = system.filter((property): property is readonly [string, string] => property[1] !== undefined);
  return [...given, ...Object.entries(message.properties ?? {})];
}

function bodyOf(body: JsonValue | Uint8Array | undefined): Buffer {
  if (body === undefined) return Buffer.alloc(0);
  if (body instanceof Uint8Array) return Buffer.from(body);
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
}
