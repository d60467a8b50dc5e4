import type { ConnectionRecord } from '../simulator/connection-log.ts';
import type { DeviceMessage } from '../simulator/message.ts';
import type { Simulator } from '../simulator/simulator.ts';

/** DPS and hubs in the director's own process, so that nothing that arrives is missed, restarts included. */
export interface Cloud {
  /** The one that runs now; another after a restart, with the same addresses, registry and authority. */
  readonly simulator: Simulator;
  /** Gone for so long, then back on the same ports. */
  restart(downMs: number, signal: AbortSignal): Promise<void>;
  /** Called for everything that arrives, until the returned function is called; over restarts. */
  onMessage(listener: (message: DeviceMessage) => void): () => void;
  /** Called as connections begin and end; over restarts. */
  onConnection(listener: (record: ConnectionRecord) => void): () => void;
  close(): Promise<void>;
}
