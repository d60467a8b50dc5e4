import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { writeFileAtomically } from '../lib/atomic-file.ts';
import type { Evidence } from './evidence.ts';
import type { RunFigures } from './figures.ts';
import type { Verdict } from './judge/verdict.ts';

/** Everything of one run: its scenario, logs, evidence, verdict; what cloud and agents keep while it lasts. */
export interface RunDirectory {
  /** Absolute. */
  readonly path: string;
  /** Of the simulator. */
  readonly cloudPath: string;
  writeScenario(text: string): Promise<void>;
  writeOutcome(evidence: Evidence, verdict: Verdict, figures: RunFigures): Promise<void>;
  /** HTML. */
  writeReport(text: string): Promise<void>;
}

export interface RunDirectoryOptions {
  /** Of the user's choice; unless given, `./soak-runs/<scenario>-<date>-<seed>`. */
  readonly out: string | undefined;
  readonly scenario: string;
  readonly seed: number;
  readonly now: Date;
}

/** Rejects when an earlier run is in the directory: two would be judged as one. */
export async function makeRunDirectory({
  out,
  scenario,
  seed,
  now,
}: RunDirectoryOptions): Promise<RunDirectory> {
  const stamp = now.toISOString().slice(0, 19).replaceAll(/[-:]/g, '');
  const path = resolve(out ?? join('soak-runs', `${scenario}-${stamp}-${seed}`));
  const cloudPath = join(path, 'cloud');
  await mkdir(path, { recursive: true });
  try {
    await mkdir(cloudPath);
  } catch (cause) {
    throw new Error(`cannot use ${path} for a run: an earlier one is in it`, { cause });
  }
  return {
    path,
    cloudPath,
    writeScenario: (text) => writeFileAtomically(join(path, 'scenario.yaml'), text, 0o644),
    writeOutcome: async (evidence, verdict, figures) => {
      await writeFileAtomically(join(path, 'evidence.json'), `${JSON.stringify(evidence)}\n`, 0o644);
      await writeResult(path, evidence, verdict, figures);
    },
    writeReport: (text) => writeReport(path, text),
  };
}

/** What came of a run, beside its evidence. */
export function writeResult(
  path: string,
  { run }: Pick<Evidence, 'run'>,
  verdict: Verdict,
  figures: RunFigures,
): Promise<void> {
  const result = JSON.stringify({ run, ...verdict, figures }, null, 2);
  return writeFileAtomically(join(path, 'result.json'), `${result}\n`, 0o644);
}

export function writeReport(path: string, text: string): Promise<void> {
  return writeFileAtomically(join(path, 'report.html'), text, 0o644);
}
