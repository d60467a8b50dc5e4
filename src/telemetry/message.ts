/** The largest message IoT Hub takes, body and properties together, in bytes (protocol.md 3.3). */
export const maxMessageBytes = 262_144;

/** One device-to-cloud message. */
export interface TelemetryMessage {
  /** Unique and kept through every resend, so that a consumer can drop duplicates. */
  readonly messageId: string;
  /** When it was made, ISO 8601 UTC. */
  readonly createdAt: string;
  readonly contentType: 'application/json';
  readonly contentEncoding: 'utf-8';
  readonly body: string;
  /** Application properties. */
  readonly properties: Readonly<Record<string, string>>;
}

/** What counts towards `maxMessageBytes`: the body in UTF-8, and names and values of the properties. */
export function messageBytes(message: TelemetryMessage): number {
  const { messageId, createdAt, contentType, contentEncoding, body, properties } = message;
  const texts = [
    messageId,
    createdAt,
    contentType,
    contentEncoding,
    body,
    ...Object.entries(properties).flat(),
  ];
  return texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
}
