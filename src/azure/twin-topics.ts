import { isJsonObject, parseJson } from '../lib/json.ts';

/**
 * The twin's topics, read before the SDK does: it ignores the status of a response, takes an empty body for success and
 * throws on whatever is not JSON (azure-node-sdk.md 5.1). Source of the topics: protocol.md 3.5.
 */
const responseTopic = /^\$iothub\/twin\/res\/(\d{3})\//;
const desiredTopic = '$iothub/twin/PATCH/properties/desired/';

export type TwinMessage =
  /** An answer, rewritten where the SDK would not see that it is an error. */
  | { readonly kind: 'response'; readonly payload: Buffer }
  | {
      readonly kind: 'desired';
      readonly patch: Readonly<Record<string, unknown>> & { readonly $version: number };
    }
  | { readonly kind: 'unreadable'; readonly problem: string };

/** Reads a message on a twin topic; `undefined` for any other topic. */
export function readTwinMessage(topic: string, payload: Buffer): TwinMessage | undefined {
  if (topic.startsWith(desiredTopic)) return readDesired(payload);
  const [, status] = responseTopic.exec(topic) ?? [];
  return status === undefined ? undefined : readResponse(Number(status), payload);
}

function readResponse(status: number, payload: Buffer): TwinMessage {
  const body = parseJson(payload.toString('utf8'));
  if (status >= 300) return errorResponse(status, body);
  if (status === 204) return { kind: 'response', payload: Buffer.alloc(0) };
  if (isJsonObject(body)) return { kind: 'response', payload };
  return errorResponse(status, { message: 'the twin is not a JSON object' });
}

/** The SDK takes an answer for an error only if its body has an `errorCode` other than 0. */
function errorResponse(status: number, body: unknown): TwinMessage {
  const { errorCode, message } = isJsonObject(body) ? body : {};
  const text = typeof message === 'string' ? message : 'no reason was given';
  const code = typeof errorCode === 'number' && errorCode !== 0 ? errorCode : status;
  const error = { errorCode: code, message: `status ${status}, error code ${code}: ${text}` };
  return { kind: 'response', payload: Buffer.from(JSON.stringify(error)) };
}

/**
 * Whether the hub will refuse the same request again, by the error that the SDK makes of `errorResponse`: a status of 400
 * to 499, but for those that pass: authorization and quota, timeouts, conflicts, throttling (protocol.md 3.8, 5.1).
 */
export function isRefusedForGood(error: unknown): boolean {
  const status = error instanceof Error ? Number(/^status (4\d\d),/.exec(error.message)?.[1] ?? 0) : 0;
  return status >= 400 && ![401, 403, 408, 409, 412, 429].includes(status);
}

function readDesired(payload: Buffer): TwinMessage {
  const patch = parseJson(payload.toString('utf8'));
  if (isJsonObject(patch) && typeof patch['$version'] === 'number') {
    return { kind: 'desired', patch: { ...patch, $version: patch['$version'] } };
  }
  return {
    kind: 'unreadable',
    problem: 'a patch of desired properties is not a JSON object with a $version',
  };
}
