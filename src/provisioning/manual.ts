import type { SecretSource } from '../config/secret-source.ts';
import type { Clock } from '../lib/clock.ts';
import { readConnectionString } from './credential.ts';
import type { Credential } from './credential.ts';
import type { Assignment } from './dps-client.ts';
import type { Secrets } from './secrets.ts';

/** Where the configuration says the device belongs; a hub beside its certificate, or in its connection string. */
export type ManualHub =
  | { readonly method: 'x509'; readonly hub: string }
  | { readonly method: 'connection_string'; readonly connectionString: SecretSource };

/** The identity of a device that asks nobody: the same assignment whenever it is wanted, and nothing to remember. */
export class ManualSource {
  readonly source = 'manual';
  readonly doing = 'taking the hub from the configuration';
  readonly place = 'the configuration';
  readonly #hub: ManualHub;
  readonly #secrets: Pick<Secrets, 'read'>;
  readonly #assignedAt: string;

  constructor(hub: ManualHub, secrets: Pick<Secrets, 'read'>, clock: Clock) {
    this.#hub = hub;
    this.#secrets = secrets;
    this.#assignedAt = clock.now().toISOString();
  }

  /** Rejects with a CloudError when the connection string cannot be read, or is none. */
  async cached(credential: Credential): Promise<Assignment> {
    const assignedHub = await this.#assignedHub();
    return { assignedHub, deviceId: credential.registrationId, assignedAt: this.#assignedAt };
  }

  /** As `cached`: a connection string by reference may have changed. */
  register(credential: Credential): Promise<Assignment> {
    return this.cached(credential);
  }

  async confirm(): Promise<void> {
    // Nothing is remembered: the configuration will say the same at the next start.
  }

  async #assignedHub(): Promise<string> {
    if (this.#hub.method === 'x509') return this.#hub.hub;
    return (await readConnectionString(this.#hub.connectionString, this.#secrets)).hub;
  }
}
