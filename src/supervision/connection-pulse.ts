import type { ConnectionStatus } from '../connection/connection.ts';
import type { Pulse } from './pulse.ts';

/** How long each state may take by the configuration in force, in milliseconds. */
export interface ConnectionLimits {
  readonly waitForSyncMs: number;
  /** Of one registration; 0 where DPS is not asked. */
  readonly registrationMs: number;
  /** Of one way to the hub. */
  readonly connectTimeoutMs: number;
}

/** MQTT and MQTT in WebSockets, each with what follows the connect: subscriptions and the first session's files. */
const waysAndWhatFollows = 4;

/** A session lasts as long as it lasts: what is in it has deadlines of its own. */
export function connectionPulse({ state, sinceMs }: ConnectionStatus, limits: ConnectionLimits): Pulse {
  const lasting = (ms: number): Pulse => ({ name: 'connection', dueMs: sinceMs + ms });
  switch (state?.name) {
    case undefined:
      return lasting(limits.waitForSyncMs);
    case 'provisioning':
      return lasting(limits.registrationMs);
    case 'connecting':
      return lasting(waysAndWhatFollows * limits.connectTimeoutMs);
    case 'waiting':
      return lasting(state.delayMs);
    case 'connected':
    case 'stopped':
      return { name: 'connection', dueMs: undefined };
  }
}
