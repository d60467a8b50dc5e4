import { thumbprintsOf } from '../certificates/thumbprint.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import { assign } from './assignment.ts';
import type { Assignment } from './assignment.ts';
import type { Attested, Claim } from './attestation.ts';
import type { DeviceInput } from './device.ts';
import type { StoredDevice } from './device-store.ts';
import type { EntryStore } from './enrollment-store.ts';
import type { Hub } from './hub.ts';
import type { JsonValue } from './json.ts';
import { omit } from './omit.ts';
import { newRegistrationEtag } from './registration.ts';
import type { Registration, Substatus } from './registration.ts';
import { serviceTime } from './timestamp.ts';
import type { TwinPatch } from './twin.ts';

export interface RegistrarOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly registrations: EntryStore<Registration>;
  readonly hubs: () => readonly Hub[];
  readonly sameHubReset: Substatus;
}

type Accepted = Exclude<Attested, { kind: 'refused' }>;

/** Carries out what registering comes to, once a device has proved who it is. */
export class Registrar {
  readonly #options: RegistrarOptions;

  constructor(options: RegistrarOptions) {
    this.#options = options;
  }

  /** Assigns the device, puts it at its hub, and returns the record, which is kept. */
  register(claim: Claim, attested: Accepted, payload: JsonValue | undefined): Registration {
    const { registrations, log } = this.#options;
    const previous = registrations.find(claim.registrationId);
    const previousHub = this.#hub(previous?.assignedHub);
    const assignment = assign({
      entry: attested.entry,
      registrationId: claim.registrationId,
      previous,
      previousDeviceExists: previousHub?.store.find(previous?.deviceId ?? '') !== undefined,
      linkedHubs: this.#options.hubs().map((hub) => hub.name),
      sameHubReset: this.#options.sameHubReset,
    });
    if (assignment.kind === 'assigned') this.#place(claim, attested, assignment, previousHub);
    const record = this.#record(claim, attested, assignment, previous, payload);
    log.info(
      { registrationId: record.registrationId, status: record.status, hub: record.assignedHub },
      'registered',
    );
    return registrations.set(record.registrationId, record);
  }

  /** Puts the device where it was assigned, and its data with it. */
  #place(
    claim: Claim,
    attested: Accepted,
    { hub: hubName, deviceId, data }: Extract<Assignment, { kind: 'assigned' }>,
    previousHub: Hub | undefined,
  ): void {
    const hub = this.#hub(hubName);
    if (hub === undefined) return;
    const initialTwin = initialTwinOf(attested.entry);
    const moved =
      previousHub !== undefined && previousHub !== hub ? previousHub.store.find(deviceId) : undefined;
    if (moved !== undefined && data === 'migrate') hub.store.adopt({ ...omit(moved, 'session'), queue: [] });
    // A hub disables a device that is moved away (protocol.md 2.8, 6): the identity at the new one is born enabled.
    const identity: DeviceInput = {
      ...(moved === undefined ? keepStatus(hub.store.find(deviceId)) : {}),
      authentication: authenticationFor(claim, attested),
    };
    hub.store.put(deviceId, identity, { initialTwin });
    if (data === 'reset' && moved === undefined) hub.store.resetTwin(deviceId, initialTwin);
    if (moved !== undefined && data !== 'keep')
      previousHub?.store.delete(deviceId, `the device has been moved to ${hubName}`);
  }

  #record(
    claim: Claim,
    attested: Accepted,
    assignment: Assignment,
    previous: Registration | undefined,
    receivedPayload: JsonValue | undefined,
  ): Registration {
    const time = serviceTime(this.#options.clock.now());
    return {
      registrationId: claim.registrationId,
      attestation: attested.entry.attestation.type,
      ...(attested.kind === 'group' ? { enrollmentGroupId: attested.entry.enrollmentGroupId } : {}),
      ...outcome(assignment, previous),
      createdDateTimeUtc: previous?.createdDateTimeUtc ?? time,
      lastUpdatedDateTimeUtc: time,
      etag: newRegistrationEtag(),
      ...(attested.entry.payload === undefined || assignment.kind !== 'assigned'
        ? {}
        : { payload: attested.entry.payload }),
      ...(receivedPayload === undefined ? {} : { receivedPayload }),
    };
  }

  #hub(name: string | undefined): Hub | undefined {
    return this.#options.hubs().find((hub) => hub.name === name);
  }
}

function outcome(
  assignment: Assignment,
  previous: Registration | undefined,
): Pick<Registration, 'status' | 'substatus' | 'assignedHub' | 'deviceId' | 'errorCode' | 'errorMessage'> {
  // A device that is disabled or has failed keeps its earlier assignment on record, so that enabling it again
  // reprovisions it instead of starting anew.
  const { assignedHub, deviceId } = previous ?? {};
  const kept = assignedHub === undefined || deviceId === undefined ? {} : { assignedHub, deviceId };
  switch (assignment.kind) {
    case 'disabled':
      return { status: 'disabled', ...kept };
    case 'failed':
      return {
        status: 'failed',
        ...kept,
        errorCode: assignment.errorCode,
        errorMessage: assignment.errorMessage,
      };
    case 'assigned': {
      const { hub, deviceId: assigned, substatus } = assignment;
      return { status: 'assigned', substatus, assignedHub: hub, deviceId: assigned };
    }
  }
}

/** The hub takes the device by what it showed DPS: the same keys, or the thumbprint of its leaf (protocol.md 9.3). */
function authenticationFor({ proof }: Claim, { keys }: Accepted): NonNullable<DeviceInput['authentication']> {
  if (keys !== undefined) return { type: 'sas', symmetricKey: { ...keys } };
  const thumbprint = proof.chain === undefined ? null : thumbprintsOf(proof.chain[0].raw).sha256;
  const x509Thumbprint = { primaryThumbprint: thumbprint, secondaryThumbprint: thumbprint };
  return { type: 'selfSigned', x509Thumbprint };
}

function keepStatus(device: StoredDevice | undefined): DeviceInput {
  return device === undefined
    ? {}
    : { status: device.identity.status, statusReason: device.identity.statusReason };
}

function initialTwinOf({ initialTwin }: { readonly initialTwin?: TwinPatch | null | undefined }): TwinPatch {
  return initialTwin ?? {};
}
