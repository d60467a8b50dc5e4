import { randomUUID } from 'node:crypto';
import type { JsonValue } from './json.ts';
import { omit } from './omit.ts';

export type RegistrationStatus = 'assigned' | 'failed' | 'disabled';
export type Substatus =
  'initialAssignment' | 'deviceDataMigrated' | 'deviceDataReset' | 'reprovisionedToInitialAssignment';

/** What became of a device's registration; the service's own record, and what the device is given. */
export interface Registration {
  readonly registrationId: string;
  readonly attestation: 'symmetricKey' | 'x509';
  readonly enrollmentGroupId?: string;
  readonly status: RegistrationStatus;
  readonly substatus?: Substatus;
  readonly assignedHub?: string;
  readonly deviceId?: string;
  readonly errorCode?: number;
  readonly errorMessage?: string;
  readonly createdDateTimeUtc: string;
  readonly lastUpdatedDateTimeUtc: string;
  readonly etag: string;
  /** Handed to the device: the enrollment's. */
  readonly payload?: JsonValue;
  /** What the device sent with its latest register request. Not part of the service's record: the simulator's. */
  readonly receivedPayload?: JsonValue;
}

/** `registrationState` as the device gets it (protocol.md 1.5). */
export function registrationState(record: Registration): Record<string, JsonValue> {
  const { attestation, enrollmentGroupId } = record;
  const state = omit(record, 'attestation', 'enrollmentGroupId', 'receivedPayload');
  const marker = enrollmentGroupId === undefined || attestation !== 'x509' ? {} : { enrollmentGroupId };
  return { [attestation]: marker, ...state };
}

/** Base64 of a quoted etag, the form observed in registration records. */
export function newRegistrationEtag(): string {
  return Buffer.from(`"${randomUUID()}"`).toString('base64');
}
