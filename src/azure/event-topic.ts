import type { TelemetryMessage } from '../telemetry/message.ts';

/**
 * The topic of a device-to-cloud message: all of it but the body (protocol.md 3.3). Byte for byte what the SDK would make
 * of it, to which a test holds it.
 */
export function eventTopic(deviceId: string, message: TelemetryMessage): string {
  const { messageId, sequence, createdAtMs, contentType, contentEncoding, input, component } = message;
  let topic = `devices/${deviceId}/messages/events/%24.mid=${encodeURIComponent(messageId)}`;
  topic += `&%24.ct=${encodeURIComponent(contentType)}`;
  if (contentEncoding !== undefined) topic += `&%24.ce=${encodeURIComponent(contentEncoding)}`;
  // The SDK has no field for the creation time, nor for the component (azure-node-sdk.md 4).
  topic += `&%24.ctime=${encodeURIComponent(new Date(createdAtMs).toISOString())}`;
  if (component !== undefined) topic += `&%24.sub=${encodeURIComponent(component)}`;
  topic += `&input=${encodeURIComponent(input)}&sequence=${sequence}`;
  for (const [name, value] of Object.entries(message.properties))
    topic += `&${encodeURIComponent(name)}=${encodeURIComponent(value)}`;
  return topic;
}
