import { createHash, randomUUID } from 'node:crypto';
import { attest } from './attestation.ts';
import type { Attested, Claim } from './attestation.ts';
import type { EnrollmentGroupStore, EnrollmentStore } from './enrollment-store.ts';
import { registrationIdPattern } from './enrollment.ts';
import type { FaultBook } from './faults.ts';
import { isJsonObject, parseJson } from './json.ts';
import type { JsonObject, JsonValue } from './json.ts';
import { Registrar } from './registrar.ts';
import type { RegistrarOptions } from './registrar.ts';
import { registrationState } from './registration.ts';
import type { Registration } from './registration.ts';
import { serviceTime } from './timestamp.ts';

/** An answer to a register or poll request; `retryAfter` in seconds. */
export interface DpsAnswer {
  readonly status: number;
  readonly retryAfter?: number;
  readonly body: JsonObject;
}

export interface DpsOptions extends RegistrarOptions {
  readonly scopeId: string;
  readonly faults: FaultBook;
  readonly enrollments: EnrollmentStore;
  readonly groups: EnrollmentGroupStore;
  /** An uploaded CA certificate by name. */
  readonly authority: (name: string) => string | undefined;
  readonly graceMs: number;
  /** Seconds, sent with every "assigning". */
  readonly retryAfter: number;
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
  readonly #registrar: Registrar;
  readonly #operations = new Map<string, Operation>();

  constructor(options: DpsOptions) {
    this.#options = options;
    this.#registrar = new Registrar(options);
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
    return this.#answerRegister(this.#registrar.register(claim, attested, request.payload));
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

/** The middle of an operation ID is the same for all of a tenant. */
function tenantOf(scopeId: string): string {
  return createHash('sha256').update(scopeId).digest('hex').slice(0, 16);
}
