import { createHash, randomUUID } from 'node:crypto';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import { attest } from './attestation.ts';
import type { Attested, Claim } from './attestation.ts';
import { assign } from './assignment.ts';
import type { Assignment } from './assignment.ts';
import type { Authentication, DeviceInput } from './device.ts';
import type { StoredDevice } from './device-store.ts';
import type { EntryStore, EnrollmentGroupStore, EnrollmentStore } from './enrollment-store.ts';
import { registrationIdPattern } from './enrollment.ts';
import type { FaultBook } from './faults.ts';
import type { Hub } from './hub.ts';
import { isJsonObject, parseJson } from './json.ts';
import type { JsonObject, JsonValue } from './json.ts';
import { omit } from './omit.ts';
import { newRegistrationEtag, registrationState } from './registration.ts';
import type { Registration, Substatus } from './registration.ts';
import { serviceTime } from './timestamp.ts';
import type { TwinPatch } from './twin.ts';
import { thumbprintsOf } from '../certificates/thumbprint.ts';

/** An answer to a register or poll request; `retryAfter` in seconds. */
export interface DpsAnswer {
  readonly status: number;
  readonly retryAfter?: number;
  readonly body: JsonObject;
}

export interface DpsOptions {
  readonly scopeId: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly faults: FaultBook;
  readonly enrollments: EnrollmentStore;
  readonly groups: EnrollmentGroupStore;
  readonly registrations: EntryStore<Registration>;
  readonly authority: (name: string) => string | undefined;
  readonly hubs: () => readonly Hub[];
  readonly graceMs: number;
  /** Seconds, sent with every "assigning". */
  readonly retryAfter: number;
  readonly sameHubReset: Substatus;
  /** Refuse a bad credential at CONNECT with 5, instead of at the register request with 401. */
  readonly refuseAtConnect: boolean;
}

interface Operation {
  readonly id: string;
  readonly registration: Registration;
  /** On the monotonic clock. Until then the device is told "assigning". */
  readonly readyAtMs: number;
}

/** The most a register request may bring (protocol.md 1.8). */
const maxRequestBytes = 96 * 1024;
/** Beyond this the oldest operation can no longer be polled. */
const maxOperations = 10_000;

/** The provisioning service without its sockets: register and poll requests in, answers out. */
export class Dps {
  readonly #options: DpsOptions;
  readonly #operations = new Map<string, Operation>();

  constructor(options: DpsOptions) {
    this.#options = options;
  }

  get scopeId(): string {
    return this.#options.scopeId;
  }

  /** Why this claim must be refused at CONNECT already; `undefined` when it need not be. */
  refusalAtConnect(claim: Claim): string | undefined {
    if (!this.#options.refuseAtConnect) return undefined;
    const attested = this.#attest(claim);
    return attested.kind === 'refused' ? attested.reason : undefined;
  }

  /** `undefined`: a fault says that no answer comes. */
  register(claim: Claim, body: Buffer): DpsAnswer | undefined {
    const fault = this.#fault(claim.registrationId, 'register');
    if (fault !== 'none') return fault;
    if (body.length > maxRequestBytes) return this.#error(400, 400000, 'The request is too large.');
    const request = readRequest(body);
    if (request === undefined) return this.#error(400, 400000, 'The request body is not valid.');
    const named = request.registrationId ?? claim.registrationId;
    const sameId = named.toLowerCase() === claim.registrationId.toLowerCase();
    if (!sameId || !registrationIdPattern.test(claim.registrationId)) {
      return this.#error(400, 400004, 'Invalid RegistrationId');
    }
    const attested = this.#attest(claim);
    if (attested.kind === 'refused') {
      this.#options.log.info(
        { registrationId: claim.registrationId, reason: attested.reason },
        'registration refused',
      );
      return this.#error(401, 401002, 'Unauthorized');
    }
    return this.#answerRegister(this.#provision(claim, attested, request.payload));
  }

  /** `undefined`: a fault says that no answer comes. */
  poll(registrationId: string, operationId: string): DpsAnswer | undefined {
    const fault = this.#fault(registrationId, 'poll');
    if (fault !== 'none') return fault;
    const operation = this.#operations.get(operationId);
    if (operation?.registration.registrationId.toLowerCase() !== registrationId.toLowerCase()) {
      return this.#error(404, 404203, 'Operation not found.');
    }
    const { registration, readyAtMs } = operation;
    if (this.#options.clock.monotonic() < readyAtMs) return this.#assigning(operationId, registration);
    return {
      status: 200,
      body: { operationId, status: registration.status, registrationState: registrationState(registration) },
    };
  }

  #attest(claim: Claim): Attested {
    const { enrollments, groups, authority, clock, graceMs } = this.#options;
    const entries = { individual: enrollments.find(claim.registrationId), groups: groups.list(), authority };
    return attest(claim, entries, { now: clock.now(), graceMs });
  }

  #provision(
    claim: Claim,
    attested: Exclude<Attested, { kind: 'refused' }>,
    payload: JsonValue | undefined,
  ): Registration {
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
    attested: Exclude<Attested, { kind: 'refused' }>,
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
    attested: Exclude<Attested, { kind: 'refused' }>,
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

  #answerRegister(registration: Registration): DpsAnswer {
    if (registration.status === 'disabled') {
      const body = {
        operationId: '',
        status: 'disabled',
        registrationState: registrationState(registration),
      };
      return { status: 200, body };
    }
    const id = `5.${tenantOf(this.#options.scopeId)}.${randomUUID()}`;
    const slow = this.#options.faults.strike('dps-slow', {
      service: 'dps',
      device: registration.registrationId,
    });
    const readyAtMs = this.#options.clock.monotonic() + (slow?.ms ?? 0);
    this.#operations.set(id, { id, registration, readyAtMs });
    const oldest = this.#operations.keys().next();
    if (this.#operations.size > maxOperations && oldest.done !== true) this.#operations.delete(oldest.value);
    return {
      status: 202,
      retryAfter: this.#options.retryAfter,
      body: { operationId: id, status: 'assigning' },
    };
  }

  #assigning(operationId: string, { registrationId }: Registration): DpsAnswer {
    const state = { registrationId, status: 'assigning' };
    return {
      status: 202,
      retryAfter: this.#options.retryAfter,
      body: { operationId, status: 'assigning', registrationState: state },
    };
  }

  #fault(device: string, request: 'register' | 'poll'): DpsAnswer | undefined | 'none' {
    const { faults } = this.#options;
    const scope = { service: 'dps', device, request } as const;
    if (faults.strike('dps-no-answer', scope) !== undefined) return undefined;
    const error = faults.strike('dps-error', scope);
    if (error === undefined) return 'none';
    const code = error.errorCode ?? usualCodes[error.status] ?? error.status * 1000;
    const answer = this.#error(error.status, code, `fault: DPS answers ${error.status}`);
    return error.retryAfter === undefined ? answer : { ...answer, retryAfter: error.retryAfter };
  }

  /** The body of protocol.md 1.6. */
  #error(status: number, errorCode: number, message: string): DpsAnswer {
    const timestampUtc = serviceTime(this.#options.clock.now());
    return { status, body: { errorCode, trackingId: randomUUID(), message, timestampUtc } };
  }

  #hub(name: string | undefined): Hub | undefined {
    return this.#options.hubs().find((hub) => hub.name === name);
  }
}

const usualCodes: Readonly<Record<number, number>> = { 401: 401002, 404: 404203, 409: 409203, 429: 429001 };

/** The payload is called `data` by clients of 2019 (protocol.md 1.4). `undefined`: no JSON object. */
function readRequest(
  body: Buffer,
): { readonly registrationId: string | undefined; readonly payload: JsonValue | undefined } | undefined {
  const request = parseJson(body.toString('utf8'));
  if (!isJsonObject(request)) return undefined;
  const { registrationId, payload, data } = request;
  if (registrationId !== undefined && typeof registrationId !== 'string') return undefined;
  return { registrationId, payload: payload ?? data };
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
function authenticationFor(
  { proof }: Claim,
  { keys }: Exclude<Attested, { kind: 'refused' }>,
): NonNullable<DeviceInput['authentication']> {
  if (keys !== undefined) return { type: 'sas', symmetricKey: { ...keys } };
  const thumbprint = proof.chain === undefined ? null : thumbprintsOf(proof.chain[0].raw).sha256;
  const x509Thumbprint = { primaryThumbprint: thumbprint, secondaryThumbprint: thumbprint };
  return { type: 'selfSigned' satisfies Authentication['type'], x509Thumbprint };
}

function keepStatus(device: StoredDevice | undefined): DeviceInput {
  return device === undefined
    ? {}
    : { status: device.identity.status, statusReason: device.identity.statusReason };
}

function initialTwinOf({ initialTwin }: { readonly initialTwin?: TwinPatch | null | undefined }): TwinPatch {
  return initialTwin ?? {};
}

/** The middle of an operation ID is the same for all of a tenant. */
function tenantOf(scopeId: string): string {
  return createHash('sha256').update(scopeId).digest('hex').slice(0, 16);
}
