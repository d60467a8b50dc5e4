import type { MessageContent } from '../messages/cloud-message.ts';

const deviceBound = /^devices\/[^/]+\/messages\/devicebound(?:\/|$)/;

/** Whether a cloud-to-device message comes on this topic (protocol.md 3.4). */
export function isCloudToDevice(topic: string): boolean {
  return deviceBound.test(topic);
}

/**
 * Reads a cloud-to-device message, whatever stands in its topic: text that is not percent-encoding stands for itself, on
 * which the SDK throws, and a property without a value is empty, which the SDK takes for the text `undefined`
 * (azure-node-sdk.md 6).
 */
export function readCloudMessage(topic: string, body: Buffer): MessageContent {
  const bag = topic.replace(deviceBound, '').replace(/^\?/, '').replace(/\/$/, '');
  const all = new Map(pairsOf(bag));
  const system = (name: string): string | undefined => {
    const value = all.get(name);
    all.delete(name);
    return value === '' ? undefined : value;
  };
  const content = {
    ...named('messageId', system('$.mid')),
    ...named('correlationId', system('$.cid')),
    ...named('userId', system('$.uid')),
    ...named('contentType', system('$.ct')),
    ...named('contentEncoding', system('$.ce')),
    ...named('expiresAtMs', timeOf(system('$.exp'))),
  };
  // Of the hub's own business with the sender.
  for (const name of ['$.to', 'iothub-ack']) all.delete(name);
  return { ...content, properties: Object.fromEntries(all), body };
}

function pairsOf(bag: string): [name: string, value: string][] {
  const pairs = bag.split('&').filter((pair) => pair !== '');
  return pairs.map((pair) => {
    const equals = pair.indexOf('=');
    return equals < 0
      ? [decoded(pair), '']
      : [decoded(pair.slice(0, equals)), decoded(pair.slice(equals + 1))];
  });
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** A time that cannot be read limits nothing. */
function timeOf(text: string | undefined): number | undefined {
  const ms = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}

function named<Name extends string, Value>(
  name: Name,
  value: Value | undefined,
): Partial<Record<Name, Value>> {
  return value === undefined ? {} : ({ [name]: value } as Partial<Record<Name, Value>>);
}
