import { parseJson } from './json.ts';
import type { JsonValue } from './json.ts';
import { decodePropertyBag, propertyBytes, sortProperties } from './property-bag.ts';

/** The most IoT Hub takes: body, system property values, application property names and values. */
export const maxMessageBytes = 256 * 1024;

/** A message from a device as the simulator hands it on. */
export interface DeviceMessage {
  /** Counts over all hubs, from 1, since the simulator started. */
  readonly sequence: number;
  readonly hub: string;
  readonly device: string;
  readonly systemProperties: Readonly<Record<string, string>>;
  readonly applicationProperties: Readonly<Record<string, string | null>>;
  /** The body as JSON, when the content type says JSON and it parses; otherwise see `bodyBase64`. */
  readonly body?: JsonValue;
  readonly bodyBase64?: string;
  /** Body and properties, as counted towards the limit. */
  readonly bytes: number;
}

/** What a publish to the events topic, or a will, brings. */
export interface Telemetry {
  readonly bag: string;
  readonly body: Buffer;
  readonly retain: boolean;
  readonly isWill: boolean;
}

/** What the hub knows and stamps on a message. */
export interface Stamp {
  readonly hub: string;
  readonly deviceId: string;
  readonly generationId: string;
  readonly authentication: 'sas' | 'x509';
  readonly modelId: string | undefined;
  /** A service timestamp. */
  readonly enqueuedTime: string;
}

/** Reads a message with its properties (protocol.md 3.3). The caller checks `bytes` against the limit. */
export function readMessage(telemetry: Telemetry, stamp: Stamp): Omit<DeviceMessage, 'sequence'> {
  const properties = sortProperties(decodePropertyBag(telemetry.bag));
  const { system, application } = properties;
  if (telemetry.retain) application['mqtt-retain'] = 'true';
  if (telemetry.isWill) application['iothub-MessageType'] = 'Will';
  const bytes = telemetry.body.length + propertyBytes(properties);
  const isJson = isJsonType(system['content-type'] ?? '');
  stampOnto(system, stamp);
  const message = {
    hub: stamp.hub,
    device: stamp.deviceId,
    systemProperties: system,
    applicationProperties: application,
    bytes,
  };
  const body = isJson ? parseJson(telemetry.body.toString('utf8')) : undefined;
  return body === undefined
    ? { ...message, bodyBase64: telemetry.body.toString('base64') }
    : { ...message, body };
}

/** What the hub says stands in place of whatever a device may have written under these names. */
function stampOnto(system: Record<string, string>, stamp: Stamp): void {
  system['iothub-connection-device-id'] = stamp.deviceId;
  system['iothub-connection-auth-generation-id'] = stamp.generationId;
  system['iothub-connection-auth-method'] = authMethods[stamp.authentication];
  system['iothub-enqueuedtime'] = stamp.enqueuedTime;
  system['iothub-message-source'] = 'Telemetry';
  if (stamp.modelId !== undefined) system['dt-dataschema'] = stamp.modelId;
}

const authMethods = {
  sas: JSON.stringify({ scope: 'device', type: 'sas', issuer: 'iothub' }),
  x509: JSON.stringify({ scope: 'device', type: 'x509', issuer: 'external' }),
};

function isJsonType(contentType: string): boolean {
  return /^application\/(?:[\w.-]+\+)?json\b/i.test(contentType);
}
