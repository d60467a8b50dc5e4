import type { MessageDraft, TelemetryMessage } from '../../src/telemetry/message.ts';

/** A message that is told from others by its ID. */
export function telemetryMessage(messageId: string, body = '{}'): TelemetryMessage {
  return { ...telemetryDraft(body), messageId, sequence: 1 };
}

/** What an input named `test` says, before the queue has it. */
export function telemetryDraft(body = '{}', changes: Partial<MessageDraft> = {}): MessageDraft {
  return {
    createdAtMs: Date.parse('2026-01-01T00:00:00.000Z'),
    contentType: 'application/json',
    contentEncoding: 'utf-8',
    input: 'test',
    priority: 'normal',
    body,
    properties: {},
    ...changes,
  };
}
