import type { JsonObject } from '../lib/json.ts';
import type { Credential } from './credential.ts';

/** Why DPS was asked. */
export type Trigger =
  'no cached assignment' | 'configured' | 'refused by the hub' | 'failures at the hub' | 'requested';

/** Where DPS says this device belongs, as far as the agent needs it. */
export interface Assignment {
  /** Host name of the hub; the simulator's also carry a port (`localhost:8884`). */
  readonly assignedHub: string;
  readonly deviceId: string;
  /** DPS's substatus, such as `initialAssignment` or `deviceDataMigrated` (protocol.md 1.5). */
  readonly substatus?: string;
  /** When DPS answered, by this device's clock, ISO 8601. */
  readonly assignedAt: string;
  /** Why DPS was asked; absent in what DPS itself answers. */
  readonly trigger?: Trigger;
  /** What a custom allocation handed back. */
  readonly payload?: unknown;
}

export interface RegistrationRequest {
  readonly endpoint: { readonly host: string; readonly port: number };
  readonly scopeId: string;
  readonly credential: Credential;
  readonly payload?: JsonObject;
}

/** The Device Provisioning Service. One call is one registration, polling included. */
export interface DpsClient {
  /** Rejects with a CloudError, or with the signal's reason when aborted; leaves no connection behind. */
  register(request: RegistrationRequest, signal: AbortSignal): Promise<Assignment>;
}
