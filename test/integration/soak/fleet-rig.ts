import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SystemClock } from '../../../src/lib/clock.ts';
import { seededRandom } from '../../../src/lib/seeded-random.ts';
import { createFleet } from '../../../src/soak/fleet/create-fleet.ts';
import type { Fleet } from '../../../src/soak/fleet/fleet.ts';
import type { FleetOptions, Programs } from '../../../src/soak/fleet/fleet-options.ts';
import type { Simulator } from '../../../src/simulator/simulator.ts';
import { RecordingLog } from '../../fakes/recording-log.ts';
import type { Scratch } from '../../support/scratch.ts';
import { simulatorFor } from '../../support/simulator.ts';

const clock = new SystemClock();
const root = join(import.meta.dirname, '..', '..', '..');
const fromSource = ['--import', import.meta.resolve('tsx')];

/** The sources themselves: whatever `dist/` holds just now. */
export const sourcePrograms: Programs = {
  node: process.execPath,
  agent: [...fromSource, join(root, 'src', 'main.ts')],
  soak: [...fromSource, join(import.meta.dirname, 'fleet-crew.ts')],
};

export interface Rig {
  readonly fleet: Fleet;
  readonly simulator: Simulator;
  readonly directory: string;
}

/** A fleet at a simulator of its own, all gone when the test is over. */
export async function fleetFor(
  scratch: Scratch,
  scenario: Partial<FleetOptions['scenario']>,
  over: Partial<FleetOptions> = {},
): Promise<Rig> {
  const directory = over.directory ?? (await scratch.folder());
  const simulator = await simulatorFor(scratch, { dataDirectory: join(directory, 'simulator') });
  const startedMs = clock.monotonic();
  const fleet = await createFleet({
    scenario: {
      name: 'test',
      agents: 3,
      identities: { group: 1 / 3, key: 1 / 3, x509: 1 / 3, proxied: 0 },
      config: {},
      ...scenario,
    },
    host: 'process',
    target: { kind: 'simulator', cloud: { simulator } },
    directory,
    programs: sourcePrograms,
    restartDelayMs: 50,
    elapsed: () => clock.monotonic() - startedMs,
    random: seededRandom(7),
    clock,
    log: new RecordingLog(),
    ...over,
  });
  scratch.defer(() => fleet.stop());
  return { fleet, simulator, directory };
}

/** Resolves when it holds; looked at often, since a fleet's memory is all there is to look at. */
export async function until(what: string, holds: () => boolean, withinMs = 30_000): Promise<void> {
  const lateMs = clock.monotonic() + withinMs;
  while (!holds()) {
    if (clock.monotonic() > lateMs) throw new Error(`not within ${withinMs} ms: ${what}`);
    await clock.sleep(20, new AbortController().signal);
  }
}

export async function allConnected({ members, states }: Fleet): Promise<void> {
  await until('all are connected', () =>
    members.every(({ name }) => states.get(name)?.state === 'connected'),
  );
}

/** Whether there is such a process, one that nobody has collected not counted. */
export function lives(pid: number): boolean {
  return !['Z', 'X', undefined].includes(stateOf(pid));
}

/** The letter of proc(5); `undefined` for nobody. */
export function stateOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2)[0];
  } catch {
    return undefined;
  }
}
