import type { CloudError } from '../cloud-error.ts';
import type { Credential } from '../provisioning/credential.ts';
import type { Assignment } from '../provisioning/dps-client.ts';
import type { CloudMessage } from '../messages/cloud-message.ts';
import type { MethodCall } from '../methods/method.ts';
import type { TelemetryMessage } from '../telemetry/message.ts';
import type { DesiredProperties, ReportedProperties } from '../twin/properties.ts';

/** The way to an IoT Hub. */
export interface HubClient {
  /**
   * Opens one session. Rejects with a CloudError, or with the signal's reason when aborted; a rejected call leaves no
   * connection behind.
   */
  connect(assignment: Assignment, credential: Credential, signal: AbortSignal): Promise<HubSession>;
}

/** One connection to the hub, good until `closed` resolves; never reused after that. */
export interface HubSession {
  /** Resolves with the reason when the connection is over, whoever ended it; never rejects. */
  readonly closed: Promise<CloudError>;
  /** Milliseconds after opening at which the session must be replaced because its token runs out; absent for X.509. */
  readonly renewAfterMs: number | undefined;
  /** Resolves when IoT Hub has acknowledged the message; rejects with a CloudError when it will not any more. */
  send(message: TelemetryMessage): Promise<void>;
  /** The twin in full; the reported properties are without their `$version`. */
  fetchTwin(): Promise<{ desired: DesiredProperties; reported: ReportedProperties }>;
  /**
   * Subscribes, and resolves once patches cannot be missed any more; each then comes as it was sent, until the signal is
   * aborted or the session ends.
   */
  desiredPatches(signal: AbortSignal): Promise<AsyncIterable<DesiredProperties>>;
  /**
   * Merges into the reported properties; resolves when IoT Hub has accepted. Rejects with HUB-TWIN when it may take the
   * same later, with HUB-TWIN-REFUSED when it never will.
   */
  report(properties: ReportedProperties): Promise<void>;
  /** Subscribes to direct methods; calls come until the signal is aborted or the session ends. */
  methodCalls(signal: AbortSignal): Promise<AsyncIterable<MethodCall>>;
  /**
   * Subscribes to cloud-to-device messages; they come until the signal is aborted or the session ends, those first that
   * were sent while there was none. Each stays with the hub until it is completed.
   */
  cloudToDevice(signal: AbortSignal): Promise<AsyncIterable<CloudMessage>>;
  /** Ends the connection. Waits for nothing in flight; never rejects. */
  close(): Promise<void>;
}
