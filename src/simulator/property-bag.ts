/** One property in a topic: `key` alone is null, `key=` is empty (protocol.md 3.3). */
export type Property = readonly [name: string, value: string | null];

export interface MessageProperties {
  /** By the names IoT Hub gives them, such as `message-id`. */
  readonly system: Record<string, string>;
  readonly application: Record<string, string | null>;
}

/** Topic keys of system properties and the names under which IoT Hub hands them on. */
const systemNames: Readonly<Record<string, string>> = {
  '$.mid': 'message-id',
  '$.cid': 'correlation-id',
  '$.uid': 'user-id',
  '$.to': 'to',
  '$.ct': 'content-type',
  '$.ce': 'content-encoding',
  '$.ctime': 'iothub-creation-time-utc',
  '$.exp': 'absolute-expiry-time',
  '$.sub': 'dt-subject',
  '$.ifid': 'iothub-interface-id',
  '$.on': 'iothub-output-name',
  '$.diagid': 'diagnostic-id',
  '$.diagctx': 'diagnostic-context',
  'iothub-creation-time-utc': 'iothub-creation-time-utc',
};

/** Reads a property bag; a leading `?` and a trailing `/`, which some clients send, are dropped. */
export function decodePropertyBag(bag: string): Property[] {
  const text = bag.replace(/^\?/, '').replace(/\/$/, '');
  return text
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const equals = pair.indexOf('=');
      if (equals < 0) return [decode(pair), null] as const;
      return [decode(pair.slice(0, equals)), decode(pair.slice(equals + 1))] as const;
    });
}

/** Writes a property bag with every name and value fully percent-encoded, as clients expect from IoT Hub. */
export function encodePropertyBag(properties: Iterable<Property>): string {
  return [...properties]
    .map(([name, value]) => (value === null ? encode(name) : `${encode(name)}=${encode(value)}`))
    .join('&');
}

/** Tells system from application properties; a system property without a value counts as empty. */
export function sortProperties(properties: readonly Property[]): MessageProperties {
  const sorted: MessageProperties = { system: {}, application: {} };
  for (const [name, value] of properties) {
    const systemName = systemNames[name];
    if (systemName === undefined) sorted.application[name] = value;
    else sorted.system[systemName] = value ?? '';
  }
  return sorted;
}

/** What the properties count towards the message size: system values, application names and values, in bytes. */
export function propertyBytes(properties: MessageProperties): number {
  const texts = [
    ...Object.values(properties.system),
    ...Object.entries(properties.application).flatMap(([name, value]) => [name, value ?? '']),
  ];
  return texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
}

/** Text that is not valid percent-encoding stands for itself. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
