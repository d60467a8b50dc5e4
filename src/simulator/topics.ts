/** What a device asks DPS by publishing (protocol.md 1.4). `rid` is echoed as it was sent. */
export type DpsRequest =
  | { readonly kind: 'register'; readonly rid: string }
  | { readonly kind: 'poll'; readonly rid: string; readonly operationId: string };

/** What a device tells or asks its hub by publishing (protocol.md 3). */
export type HubRequest =
  | { readonly kind: 'event'; readonly bag: string }
  | { readonly kind: 'twin-get'; readonly rid: string }
  | { readonly kind: 'twin-patch'; readonly rid: string; readonly version: string | undefined }
  | { readonly kind: 'method-response'; readonly rid: string; readonly status: number };

/** The four things a device can subscribe to at its hub. */
export type HubFeed = 'cloud-to-device' | 'desired' | 'methods' | 'twin-responses';

export const dpsResponseFilter = '$dps/registrations/res/#';

/** `undefined`: a topic DPS does not know. */
export function parseDpsTopic(topic: string): DpsRequest | undefined {
  const [path, query] = splitQuery(topic);
  const rid = query.get('$rid');
  if (rid === undefined || rid === '') return undefined;
  if (path === '$dps/registrations/PUT/iotdps-register/') return { kind: 'register', rid };
  if (path !== '$dps/registrations/GET/iotdps-get-operationstatus/') return undefined;
  return { kind: 'poll', rid, operationId: decodeURIComponentSafely(query.get('operationId') ?? '') };
}

/** `undefined`: a topic the hub does not know, or another device's. */
export function parseHubTopic(topic: string, deviceId: string): HubRequest | undefined {
  const events = eventsTopic(deviceId);
  if (topic.startsWith(events)) return { kind: 'event', bag: topic.slice(events.length) };
  if (topic === events.slice(0, -1)) return { kind: 'event', bag: '' };
  const [path, query] = splitQuery(topic);
  const rid = query.get('$rid');
  if (rid === undefined || rid === '') return undefined;
  if (path === '$iothub/twin/GET/') return { kind: 'twin-get', rid };
  if (path === '$iothub/twin/PATCH/properties/reported/') {
    return { kind: 'twin-patch', rid, version: query.get('$version') };
  }
  const status = /^\$iothub\/methods\/res\/(-?\d+)\/$/.exec(path)?.[1];
  return status === undefined ? undefined : { kind: 'method-response', rid, status: Number(status) };
}

/** `undefined`: a filter the hub does not serve, or another device's. */
export function parseHubFilter(filter: string, deviceId: string): HubFeed | undefined {
  const feeds: Readonly<Record<string, HubFeed>> = {
    [`devices/${deviceId}/messages/devicebound/#`]: 'cloud-to-device',
    '$iothub/twin/PATCH/properties/desired/#': 'desired',
    '$iothub/methods/POST/#': 'methods',
    '$iothub/twin/res/#': 'twin-responses',
  };
  return Object.hasOwn(feeds, filter) ? feeds[filter] : undefined;
}

/** Where a device publishes, and the only topic its will may have. The property bag follows. */
export function eventsTopic(deviceId: string): string {
  return `devices/${deviceId}/messages/events/`;
}

/** `retryAfter` in whole seconds. */
export function dpsResponseTopic(status: number, rid: string, retryAfter?: number): string {
  const suffix = retryAfter === undefined ? '' : `&retry-after=${retryAfter}`;
  return `$dps/registrations/res/${status}/?$rid=${rid}${suffix}`;
}

export function twinResponseTopic(status: number, rid: string, version?: number): string {
  const suffix = version === undefined ? '' : `&$version=${version}`;
  return `$iothub/twin/res/${status}/?$rid=${rid}${suffix}`;
}

export function desiredTopic(version: number): string {
  return `$iothub/twin/PATCH/properties/desired/?$version=${version}`;
}

export function methodTopic(method: string, rid: string): string {
  return `$iothub/methods/POST/${method}/?$rid=${rid}`;
}

export function cloudToDeviceTopic(deviceId: string, bag: string): string {
  return `devices/${deviceId}/messages/devicebound/${bag}`;
}

function splitQuery(topic: string): readonly [path: string, query: Map<string, string>] {
  const mark = topic.indexOf('?');
  if (mark < 0) return [topic, new Map()];
  const pairs = topic
    .slice(mark + 1)
    .split('&')
    .map((pair) => {
      const equals = pair.indexOf('=');
      const name = equals < 0 ? pair : pair.slice(0, equals);
      return [name.replace(/^%24/, '$'), equals < 0 ? '' : pair.slice(equals + 1)] as const;
    });
  return [topic.slice(0, mark), new Map(pairs)];
}

function decodeURIComponentSafely(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
