import { isText } from '../lib/json.ts';

/** A direct method's call as it stands on the wire (protocol.md 3.6). */
export interface WireMethodCall {
  readonly name: string;
  /** Opaque; goes back with the answer. */
  readonly requestId: string;
  /** `undefined` for an empty body, which is legal. */
  readonly payload: unknown;
}

export type MethodMessage =
  | { readonly kind: 'call'; readonly call: WireMethodCall }
  /** Can be answered, but not understood. */
  | { readonly kind: 'malformed'; readonly requestId: string; readonly problem: string }
  | { readonly kind: 'unreadable'; readonly problem: string };

const prefix = '$iothub/methods/POST/';

/**
 * Reads a message on the methods' topic before the SDK does, which throws on a topic without a name, never finds names
 * with a space or a brace in them, and refuses the empty body (azure-node-sdk.md 6); `undefined` for any other topic.
 */
export function readMethodMessage(topic: string, payload: Buffer): MethodMessage | undefined {
  if (!topic.startsWith(prefix)) return undefined;
  const [path = '', query = ''] = topic.slice(prefix.length).split('?');
  const requestId = new URLSearchParams(query).get('$rid');
  if (!isText(requestId)) return { kind: 'unreadable', problem: 'a direct method without a request ID' };
  const name = decode(path.replace(/\/$/, ''));
  if (!isText(name)) return { kind: 'malformed', requestId, problem: 'the name of the method is missing' };
  if (payload.length === 0) return { kind: 'call', call: { name, requestId, payload: undefined } };
  try {
    const body = JSON.parse(payload.toString('utf8')) as unknown;
    return { kind: 'call', call: { name, requestId, payload: body } };
  } catch {
    return { kind: 'malformed', requestId, problem: 'the payload is not JSON' };
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // Not percent-encoding after all: the name is what stands there.
    return text;
  }
}
