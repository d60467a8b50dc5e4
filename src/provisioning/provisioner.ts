import { createHash } from 'node:crypto';
import { CloudError } from '../cloud-error.ts';
import type { Clock } from '../lib/clock.ts';
import { withDeadline } from '../lib/deadline.ts';
import type { JsonObject } from '../lib/json.ts';
import type { AssignmentCache } from './assignment-cache.ts';
import { credentialDigest } from './credential.ts';
import type { Credential } from './credential.ts';
import type { Assignment, DpsClient, RegistrationRequest, Trigger } from './dps-client.ts';

export interface ProvisionerOptions {
  /** Its assignments are its own: another one is asked anew, and this one's are found again when it is back. */
  readonly endpoint: { readonly host: string; readonly port: number };
  readonly scopeId: string;
  readonly payload?: JsonObject | undefined;
  /** How long one registration may take, polling included, in milliseconds. */
  readonly deadlineMs: number;
}

/** Asks DPS where the device belongs, and remembers the answer. */
export class Provisioner {
  readonly source = 'dps';
  readonly doing = 'asking DPS which hub this device belongs to';
  readonly #options: () => ProvisionerOptions;
  readonly #dps: DpsClient;
  readonly #cache: AssignmentCache;
  readonly #clock: Clock;

  /** @param options read anew each time */
  constructor(options: () => ProvisionerOptions, dps: DpsClient, cache: AssignmentCache, clock: Clock) {
    this.#options = options;
    this.#dps = dps;
    this.#cache = cache;
    this.#clock = clock;
  }

  get place(): string {
    const { host, port } = this.#options().endpoint;
    return `${host.toLowerCase()}:${port}`;
  }

  /** The assignment DPS gave when it was last asked exactly this. */
  async cached(credential: Credential): Promise<Assignment | undefined> {
    return await this.#cache.load(fingerprint(this.#request(credential)));
  }

  /** Makes the assignment the cached one for this credential, if it is not yet. */
  async confirm(credential: Credential, assignment: Assignment): Promise<void> {
    await this.#cache.save(fingerprint(this.#request(credential)), assignment);
  }

  /** Registers with DPS within the deadline; rejects with a CloudError, or with the signal's reason. */
  async register(credential: Credential, trigger: Trigger, signal: AbortSignal): Promise<Assignment> {
    const request = this.#request(credential);
    const { host, port } = request.endpoint;
    const late = new CloudError('DPS-TIMEOUT', `register with DPS at ${host}:${port}`);
    const answer = await withDeadline(this.#clock, this.#options().deadlineMs, late, signal, (limit) =>
      this.#dps.register(request, limit),
    );
    const assignment = { ...answer, trigger };
    await this.#cache.save(fingerprint(request), assignment);
    return assignment;
  }

  #request(credential: Credential): RegistrationRequest {
    const { endpoint, scopeId, payload } = this.#options();
    return { endpoint, scopeId, credential, ...(payload === undefined ? {} : { payload }) };
  }
}

/** Changes whenever DPS might answer differently: endpoint, scope, registration ID, method, credential or payload. */
function fingerprint(request: RegistrationRequest): string {
  const { endpoint, scopeId, credential, payload } = request;
  const asked = [
    endpoint.host.toLowerCase(),
    endpoint.port,
    scopeId,
    credential.registrationId,
    credential.method,
    credentialDigest(credential),
    payload ?? null,
  ];
  return createHash('sha256').update(JSON.stringify(asked)).digest('hex');
}
