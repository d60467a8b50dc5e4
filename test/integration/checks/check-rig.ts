import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HopTimer } from '../../../src/checks/hop-timer.ts';
import { runChecks } from '../../../src/checks/run-checks.ts';
import type { CheckRequest, CheckResult } from '../../../src/checks/run-checks.ts';
import { Device, Scene } from '../../../src/checks/scene.ts';
import type { AgentPresence } from '../../../src/checks/scene.ts';
import { allChecks } from '../../../src/checks/table.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { SystemClock } from '../../../src/lib/clock.ts';
import { ConfigError } from '../../../src/lib/errors.ts';
import type { Simulator } from '../../../src/simulator/simulator.ts';
import { realWorld } from '../../../src/world.ts';
import { configFor } from '../../support/agent.ts';
import type { AgentOptions } from '../../support/agent.ts';
import type { Scratch } from '../../support/scratch.ts';
import { WatchedLog } from '../../support/watched-log.ts';

/** What is to be wrong; without any of it, nothing is. */
export interface Circumstances {
  readonly sections?: readonly string[];
  /** For DPS, such as `localhost:1`. */
  readonly endpoint?: { readonly host: string; readonly port: number };
  readonly caFile?: string;
  /** Of the configuration. */
  readonly mode?: number;
  /** Instead of the whole configuration. */
  readonly text?: string;
  readonly stateDirectory?: string;
  /** What must be added to the clock. */
  readonly offsetMs?: number;
  readonly synchronised?: 'yes' | 'no';
  readonly agent?: AgentPresence;
  readonly request?: Partial<CheckRequest>;
}

/** The results by ID, as they were told. */
export class Results {
  readonly all: readonly CheckResult[];

  constructor(all: readonly CheckResult[]) {
    this.all = all;
  }

  of(id: string): CheckResult {
    const result = this.all.find((each) => each.id === id);
    if (result === undefined) throw new Error(`there is no result of ${id}`);
    return result;
  }

  /** What is wrong: `{ id: status }` of warnings and errors. */
  get wrong(): Record<string, string> {
    const wrong = this.all.filter(({ status }) => status === 'warning' || status === 'error');
    return Object.fromEntries(wrong.map(({ id, status }) => [id, status]));
  }

  /** Those that were skipped for this reason. */
  skipped(reason: string): string[] {
    return this.all.filter(({ status, seen }) => status === 'skipped' && seen === reason).map(({ id }) => id);
  }
}

/** Makes every check as `dps-agent check` does, in this process, of a device that the simulator has enrolled. */
export async function checked(
  scratch: Scratch,
  simulator: Simulator,
  attestation: AgentOptions['attestation'],
  circumstances: Circumstances = {},
): Promise<Results> {
  const scene = await sceneOf(scratch, simulator, attestation, circumstances);
  const request = { dontRun: [], offline: false, ...circumstances.request };
  const never = new AbortController().signal;
  return new Results(await runChecks(allChecks, scene, request, new SystemClock(), never));
}

async function sceneOf(
  scratch: Scratch,
  simulator: Simulator,
  attestation: AgentOptions['attestation'],
  circumstances: Circumstances,
): Promise<Scene> {
  const { sections = [], mode = 0o600, offsetMs = 200, synchronised = 'yes', agent } = circumstances;
  const { scopeId, dps, caFile } = simulator;
  const folder = await scratch.folder();
  const path = join(folder, 'config.yaml');
  const reached = { scopeId, dps: circumstances.endpoint ?? dps, caFile: circumstances.caFile ?? caFile };
  await writeFile(path, circumstances.text ?? configFor({ simulator: reached, attestation, sections }));
  await chmod(path, mode);
  const clock = new SystemClock();
  const surroundings = {
    isInside: false,
    agent: agent ?? ({ kind: 'absent' } as const),
    machine: {
      clock,
      runProgram: timedatectl(synchronised),
      root: folder,
      userId: process.getuid?.() ?? -1,
      nodeVersion: process.version,
    },
  };
  try {
    const loaded = await loadConfig(path);
    const hopTimer = new HopTimer(clock);
    const world = await realWorld({ current: loaded.config }, new WatchedLog().log, undefined, (hop) => {
      hopTimer.passed(hop);
    });
    const stateDirectory = circumstances.stateDirectory ?? join(folder, 'state');
    const measured = { ...world, measureOffset: () => Promise.resolve(offsetMs) };
    const device = new Device({ loaded, stateDirectory, world: measured, hopTimer });
    return new Scene({ ...surroundings, device });
  } catch (problem) {
    if (!(problem instanceof ConfigError)) throw problem;
    return new Scene({ ...surroundings, problem });
  }
}

/** A machine whose clock somebody keeps, and that has no systemd. */
function timedatectl(answer: 'yes' | 'no') {
  return (program: string): Promise<string> =>
    program === 'timedatectl'
      ? Promise.resolve(`${answer}\n`)
      : Promise.reject(new Error(`cannot run ${program}: there is none in this test`));
}
