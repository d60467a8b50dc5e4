import type { TelemetryMessage } from '../../src/telemetry/message.ts';

/** A message that is told from others by its ID. */
export function telemetryMessage(messageId: string, body = '{}'): TelemetryMessage {
  return {
    messageId,
    createdAt: '2026-01-01T00:00:00.000Z',
    contentType: 'application/json',
    contentEncoding: 'utf-8',
    body,
    properties: {},
  };
}
