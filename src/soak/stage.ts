import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import { seededRandom } from '../lib/seeded-random.ts';
import type { Secret } from '../lib/secret.ts';
import type { Cloud } from './cloud.ts';
import type { Battlefield } from './faults/fault-kind.ts';
import { mountSmallDisks } from './faults/small-disks.ts';
import { createFleet } from './fleet/create-fleet.ts';
import type { FleetTarget, Programs } from './fleet/fleet-options.ts';
import { RemoteCloud } from './remote-cloud.ts';
import type { Scenario } from './scenario/scenario.ts';
import { openSimulatedCloud } from './simulated-cloud.ts';
import { startWire } from './wire/start-wire.ts';

export interface StageOptions {
  readonly scenario: Scenario;
  readonly host: 'process' | 'in-process';
  readonly agentsPerProcess: number | undefined;
  /** Of the agents' names; absent: the scenario's own. */
  readonly namePrefix: string | undefined;
  /** Absent: the simulator. */
  readonly azure: { readonly scopeId: string; readonly groupKey: Secret } | undefined;
  readonly directory: string;
  readonly cloudDirectory: string;
  readonly programs: Programs;
  readonly elapsed: () => number;
  readonly clock: Clock;
  readonly log: Log;
  /** What the run needs has ended by itself. */
  readonly onFailure: (error: Error) => void;
  /** Called when the run is over, last first. */
  readonly defer: (undo: () => Promise<void>) => void;
}

/** The first start of all agents together asks DPS no faster than this, so that its limit is not what is tried. */
const startsPerSecond = 15;

/** Cloud, wire and fleet: everything is there, and no agent runs yet. */
export async function setStage(options: StageOptions): Promise<Battlefield> {
  const { scenario, host, agentsPerProcess, directory, programs, elapsed, clock, log, defer } = options;
  const random = seededRandom(scenario.seed ^ 0x5eed);
  const cloud = await openCloud(options);
  defer(() => cloud.close());
  const command = [programs.node, ...programs.soak, 'wire'] as const;
  const wire = await startWire({ command, onFailure: options.onFailure });
  defer(() => wire.close());
  const fakeTime = needs(scenario, 'clock-jump') ? await fakeTimeLibrary() : undefined;
  const fleet = await createFleet({
    ...{ host, directory, programs, elapsed, random, clock, log },
    scenario: { ...scenario, name: options.namePrefix ?? scenario.name },
    target: targetOf(options, cloud),
    proxy: wire,
    startSpreadMs: (scenario.agents / startsPerSecond) * 1000,
    ...(agentsPerProcess === undefined ? {} : { agentsPerProcess }),
    ...(fakeTime === undefined ? {} : { fakeTimeLibrary: fakeTime }),
  });
  if (needs(scenario, 'disk-full')) defer(await mountSmallDisks(fleet.members, log));
  defer(() => fleet.stop());
  return { cloud, wire, fleet, clock, random, log };
}

async function openCloud({ azure, cloudDirectory, scenario, clock, log }: StageOptions): Promise<Cloud> {
  if (azure !== undefined) return new RemoteCloud();
  // Ports are chosen by what is free, and have no part in what the seed decides.
  const random = seededRandom(clock.now().getTime());
  return await openSimulatedCloud({ dataDirectory: cloudDirectory, hubs: scenario.hubs, clock, random, log });
}

function targetOf({ azure }: StageOptions, cloud: Cloud): FleetTarget {
  return azure === undefined ? { kind: 'simulator', cloud } : { kind: 'azure', ...azure };
}

/** A clock of its own costs every call for the time, a small disk memory: each only where it is to be struck. */
function needs({ phases }: Scenario, fault: string): boolean {
  return phases.some(({ faults }) => faults.some(({ kind }) => kind === fault));
}

/** Where Debian puts it, for whichever processor; `undefined` when it is not installed. */
async function fakeTimeLibrary(): Promise<string | undefined> {
  for (const triple of ['x86_64-linux-gnu', 'aarch64-linux-gnu', 'arm-linux-gnueabihf']) {
    const path = join('/usr/lib', triple, 'faketime', 'libfaketimeMT.so.1');
    if (
      await access(path).then(
        () => true,
        () => false,
      )
    )
      return path;
  }
  return undefined;
}
