import type { FailureCode } from '../cloud-error.ts';

/** MQTT on TLS as it is, or inside WebSockets. */
export type Way = 'mqtt' | 'mqtt_ws';
/** `auto`: plain MQTT first, WebSockets where that cannot get through. */
export type Transport = Way | 'auto';

/** How long WebSockets stay the first choice after plain MQTT did not get through, in milliseconds. */
const preferWebSocketsMs = 3_600_000;

/**
 * The ways to try in one attempt, in this order.
 * @param failedAtMs when plain MQTT to this host last failed and WebSockets worked, by the wall clock; a time to come
 * means that the clock was set back, and counts for nothing
 */
export function waysToTry(
  transport: Transport,
  failedAtMs: number | undefined,
  nowMs: number,
): readonly Way[] {
  if (transport !== 'auto') return [transport];
  if (failedAtMs === undefined) return ['mqtt', 'mqtt_ws'];
  const agoMs = nowMs - failedAtMs;
  return agoMs >= 0 && agoMs < preferWebSocketsMs ? ['mqtt_ws', 'mqtt'] : ['mqtt', 'mqtt_ws'];
}

/**
 * Whether another way may pass where this failure, before the service answered at all, has stopped one. Not so where
 * the name cannot be resolved, the proxy itself cannot be used, or a certificate is wrong: that is the same by every way.
 */
export function blocksOnlyThisWay(code: FailureCode): boolean {
  return blocking.has(code);
}

const blocking: ReadonlySet<FailureCode> = new Set([
  'NET-REFUSED',
  'NET-TIMEOUT',
  'NET-UNREACHABLE',
  'NET-RESET',
  'NET-WEBSOCKET',
  'TLS-HANDSHAKE',
  // Many proxies let out nothing but 443.
  'PROXY-REFUSED',
]);
