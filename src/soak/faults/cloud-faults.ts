import { untilStopped } from '../../lib/deadline.ts';
import type { FaultInput } from '../../simulator/faults.ts';
import type { Simulator } from '../../simulator/simulator.ts';
import type { Battlefield } from './fault-kind.ts';

/** How soon after a restart of the cloud its faults are in force again. */
const lookMs = 250;

/**
 * Faults of the simulator, in force until the signal is aborted. A simulator that is started again knows none: it is given
 * them anew.
 */
export async function inForce(
  faults: readonly FaultInput[],
  { cloud, clock }: Battlefield,
  signal: AbortSignal,
): Promise<void> {
  let at: Simulator | undefined;
  let ids: string[] = [];
  try {
    do {
      const { simulator } = cloud;
      if (simulator !== at) {
        at = simulator;
        ids = [];
        for (const fault of faults) ids.push(simulator.faults.add(fault).id);
      }
      await untilStopped(clock.sleep(lookMs, signal), signal);
    } while (!signal.aborted);
  } finally {
    for (const id of ids) await at?.faults.clear(id);
  }
}

/** The hub lets go of these devices' connections. */
export function dropConnections({ cloud }: Battlefield, names: readonly string[]): void {
  for (const device of names)
    cloud.simulator.faults.add({ kind: 'drop-connections', service: 'hub', device });
}
