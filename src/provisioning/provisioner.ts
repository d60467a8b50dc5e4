import { createHash } from 'node:crypto';
import { CloudError } from '../cloud-error.ts';
import type { Clock } from '../lib/clock.ts';
import { withDeadline } from '../lib/deadline.ts';
import type { JsonObject } from '../lib/json.ts';
import type { AssignmentCache } from './assignment-cache.ts';
import { credentialDigest } from './credential.ts';
import type { Credential } from './credential.ts';
import type { Assignment, DpsClient, RegistrationRequest } from './dps-client.ts';

export interface ProvisionerOptions {
  readonly endpoint: { readonly host: string; readonly port: number };
  readonly scopeId: string;
  readonly payload?: JsonObject | undefined;
  /** How long one registration may take, polling included, in milliseconds. */
  readonly deadlineMs: number;
}

/** Asks DPS where the device belongs, and remembers the answer. */
export class Provisioner {
  readonly #options: ProvisionerOptions;
  readonly #dps: DpsClient;
  readonly #cache: AssignmentCache;
  readonly #clock: Clock;

  constructor(options: ProvisionerOptions, dps: DpsClient, cache: AssignmentCache, clock: Clock) {
    this.#options = options;
    this.#dps = dps;
    this.#cache = cache;
    this.#clock = clock;
  }

  /** The assignment DPS gave when it was last asked exactly this. */
  cached(credential: Credential): Promise<Assignment | undefined> {
    return this.#cache.load(fingerprint(this.#request(credential)));
  }

  /** Registers with DPS within the deadline; rejects with a CloudError, or with the signal's reason. */
  async register(credential: Credential, signal: AbortSignal): Promise<Assignment> {
    const request = this.#request(credential);
    const { host, port } = request.endpoint;
    const late = new CloudError('DPS-TIMEOUT', `register with DPS at ${host}:${port}`);
    const assignment = await withDeadline(this.#clock, this.#options.deadlineMs, late, signal, (limit) =>
      this.#dps.register(request, limit),
    );
    await this.#cache.save(fingerprint(request), assignment);
    return assignment;
  }

  #request(credential: Credential): RegistrationRequest {
    const { endpoint, scopeId, payload } = this.#options;
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
