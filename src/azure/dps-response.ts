import { CloudError } from '../cloud-error.ts';
import type { FailureCode } from '../cloud-error.ts';
import { isJsonObject, isText, parseJson } from '../lib/json.ts';

/** What DPS answered to a registration or a poll. Source of all facts here: protocol.md 1.4 to 1.6. */
export type DpsResponse =
  | { readonly kind: 'assigning'; readonly operationId: string; readonly retryAfterMs: number }
  | { readonly kind: 'assigned'; readonly state: RegistrationState }
  | { readonly kind: 'refused'; readonly error: CloudError };

export interface RegistrationState {
  readonly assignedHub: string;
  readonly deviceId: string;
  readonly substatus?: string;
  readonly payload?: unknown;
}

const responseTopic = /^\$dps\/registrations\/res\/(\d{3})\/\?(.*)$/;

/** What the SDKs poll with when DPS gives no `retry-after`. */
const defaultPollMs = 2000;
/** A service asking for longer than this is not believed; less than a second would be hammering. */
const maxRetryAfterMs = 3_600_000;
const minRetryAfterMs = 1000;

/** Reads a response; `undefined` when the topic is not one of DPS's. `doing` begins the error's message. */
export function parseDpsResponse(topic: string, payload: Buffer, doing: string): DpsResponse | undefined {
  const [, statusText, query] = responseTopic.exec(topic) ?? [];
  if (statusText === undefined || query === undefined) return undefined;
  const status = Number(statusText);
  const retryAfterMs = parseRetryAfter(query);
  const body = parseJson(payload.toString('utf8'));
  if (status >= 300) return refused(codeForStatus(status), doing, describe(status, body), retryAfterMs);
  return fromBody(body, doing, retryAfterMs);
}

function fromBody(body: unknown, doing: string, retryAfterMs: number | undefined): DpsResponse {
  if (!isJsonObject(body)) return refused('DPS-ANSWER', doing, 'the body is not a JSON object', retryAfterMs);
  const state = isJsonObject(body['registrationState']) ? body['registrationState'] : {};
  switch (body['status']) {
    case 'assigning':
      return assigning(body['operationId'], doing, retryAfterMs);
    case 'assigned':
      return assigned(state, doing);
    case 'disabled':
      return refused('DPS-DISABLED', doing, describe(200, state), retryAfterMs);
    case 'unassigned':
      return refused('DPS-UNASSIGNED', doing, describe(200, state), retryAfterMs);
    case 'failed':
      return refused(codeForFailure(state['errorCode']), doing, describe(200, state), retryAfterMs);
    default:
      return refused('DPS-ANSWER', doing, `the status is ${JSON.stringify(body['status'])}`, retryAfterMs);
  }
}

function assigning(operationId: unknown, doing: string, retryAfterMs: number | undefined): DpsResponse {
  if (!isText(operationId)) return refused('DPS-ANSWER', doing, 'the operation ID is missing', retryAfterMs);
  return { kind: 'assigning', operationId, retryAfterMs: retryAfterMs ?? defaultPollMs };
}

function assigned(state: Record<string, unknown>, doing: string): DpsResponse {
  const { assignedHub, deviceId, substatus, payload } = state;
  if (!isText(assignedHub) || !isText(deviceId)) {
    return refused('DPS-ANSWER', doing, 'assigned, but without a hub or a device ID', undefined);
  }
  return {
    kind: 'assigned',
    state: {
      assignedHub,
      deviceId,
      ...(isText(substatus) ? { substatus } : {}),
      ...(payload === undefined ? {} : { payload }),
    },
  };
}

function refused(
  code: FailureCode,
  doing: string,
  detail: string,
  retryAfterMs: number | undefined,
): DpsResponse {
  const cause = new Error(detail);
  return {
    kind: 'refused',
    error: new CloudError(code, doing, retryAfterMs === undefined ? { cause } : { cause, retryAfterMs }),
  };
}

function codeForStatus(status: number): FailureCode {
  switch (status) {
    case 400:
      return 'DPS-400';
    case 401:
      return 'DPS-401';
    case 403:
      return 'DPS-403';
    case 404:
      return 'DPS-404';
    case 429:
      return 'DPS-429';
    default:
      return status >= 500 ? 'DPS-5XX' : 'DPS-REFUSED';
  }
}

/** A failed operation carries a code whose first three digits are the status it would have had by itself. */
function codeForFailure(errorCode: unknown): FailureCode {
  if (typeof errorCode !== 'number') return 'DPS-FAILED';
  const status = Math.floor(errorCode / 1000);
  return status === 401 || status === 429 || status >= 500 ? codeForStatus(status) : 'DPS-FAILED';
}

/** What a person needs to look the failure up. */
function describe(status: number, body: unknown): string {
  const { errorCode, message, errorMessage, trackingId } = isJsonObject(body) ? body : {};
  const text = isText(message) ? message : isText(errorMessage) ? errorMessage : undefined;
  const parts = [
    status === 200 ? undefined : `status ${status}`,
    typeof errorCode === 'number' ? `error code ${errorCode}` : undefined,
    text,
    isText(trackingId) ? `tracking ID ${trackingId}` : undefined,
  ];
  return parts.filter((part) => part !== undefined).join(', ') || 'no reason was given';
}

function parseRetryAfter(query: string): number | undefined {
  const pairs = query.split('&').map((pair) => pair.split('='));
  const value = pairs.find(([key]) => key?.toLowerCase() === 'retry-after')?.[1];
  if (value === undefined || !/^\d+(\.\d+)?$/.test(value)) return undefined;
  return Math.min(maxRetryAfterMs, Math.max(minRetryAfterMs, Number(value) * 1000));
}
