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
  readonly sequence: number;
  readonly hub: string;
  readonly deviceId: string;
  readonly generationId: string;
  readonly authentication: 'sas' | 'x509';
  readonly modelId: string | undefined;
  /** A service timestamp. */
  readonly enqueuedTime: string;
}

/** Reads a message with its properties (protocol.md 3.3). The caller checks `bytes` against the limit. */
export function readMessage(telemetry: Telemetry, stamp: Stamp): DeviceMessage {
  const { system, application } = sortProperties(decodePropertyBag(telemetry.bag));
  if (telemetry.retain) application['mqtt-retain'] = 'true';
  if (telemetry.isWill) application['iothub-MessageType'] = 'Will';
  const bytes = telemetry.body.length + propertyBytes({ system, application });
  return {
    sequence: stamp.sequence,
    hub: stamp.hub,
    device: stamp.deviceId,
    systemProperties: { ...system, ...stamps(stamp) },
    applicationProperties: application,
    ...readBody(telemetry.body, system['content-type'] ?? ''),
    bytes,
  };
}

function stamps(stamp: Stamp): Record<string, string> {
  const { modelId } = stamp;
  return {
    'iothub-connection-device-id': stamp.deviceId,
    'iothub-connection-auth-generation-id': stamp.generationId,
    'iothub-connection-auth-method': JSON.stringify({
      scope: 'device',
      type: stamp.authentication,
      issuer: stamp.authentication === 'sas' ? 'iothub' : 'external',
    }),
    'iothub-enqueuedtime': stamp.enqueuedTime,
    'iothub-message-source': 'Telemetry',
    ...(modelId === undefined ? {} : { 'dt-dataschema': modelId }),
  };
}

function readBody(body: Buffer, contentType: string): Pick<DeviceMessage, 'body' | 'bodyBase64'> {
  const isJson = /^application\/(?:[\w.-]+\+)?json\b/i.test(contentType);
  const value = isJson ? parseJson(body.toString('utf8')) : undefined;
  return value === undefined ? { bodyBase64: body.toString('base64') } : { body: value };
}
