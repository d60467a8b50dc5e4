import { randomUUID } from 'node:crypto';

/** The services' error codes that the simulator gives (protocol.md 1.6 and 8.1), with the names of the REST API. */
export const errorCodes = {
  ArgumentInvalid: 400004,
  Unauthorized: 401002,
  DeviceNotFound: 404001,
  DeviceNotOnline: 404103,
  OperationNotFound: 404203,
  NotFound: 404201,
  DeviceAlreadyExists: 409001,
  PreconditionFailed: 412001,
  MessageTooLarge: 413001,
  DeviceMaximumQueueDepthExceeded: 403004,
  DeviceMaximumActiveFileUploadLimitExceeded: 403006,
  GatewayTimeout: 504101,
} as const;

export type ErrorName = keyof typeof errorCodes;

/** A request the service answers with an error. The status is the first three digits of the code. */
export class ServiceError extends Error {
  override readonly name = 'ServiceError';
  readonly errorName: ErrorName;
  readonly code: number;
  readonly status: number;

  constructor(errorName: ErrorName, message: string, options?: ErrorOptions) {
    super(message, options);
    this.errorName = errorName;
    this.code = errorCodes[errorName];
    this.status = Math.floor(this.code / 1000);
  }
}

/** The body IoT Hub sends over MQTT with a status that is an error. */
export function hubErrorBody(errorCode: number, message: string, timestampUtc: string): string {
  const trackingId = randomUUID().replaceAll('-', '').toUpperCase();
  return JSON.stringify({ errorCode, trackingId, message, timestampUtc });
}
