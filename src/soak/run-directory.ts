import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { writeFileAtomically } from '../lib/atomic-file.ts';
import type { Evidence } from './evidence.ts';
import type { RunFigures } from './figures.ts';
import { describeVerdict } from './judge/describe-verdict.ts';
import type { Verdict } from './judge/verdict.ts';

/** Everything of one run: its scenario, logs, evidence, verdict; what cloud and agents keep while it lasts. */
export interface RunDirectory {
  /** Absolute. */
  readonly path: string;
  /** Of the simulator. */
  readonly cloudPath: string;
  writeScenario(text: string): Promise<void>;
  /** Rejects with the verdict in its message where it cannot be written: a run may have taken days. */
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
  try {
    await mkdir(path, { recursive: true });
    await mkdir(cloudPath);
  } catch (cause) {
    const isTaken = cause instanceof Error && 'code' in cause && cause.code === 'EEXIST';
    const why = isTaken ? ': an earlier one is in it, or a file; give --out another' : '';
    throw new Error(`cannot use ${path} for a run${why}`, { cause });
  }
  return {
    path,
    cloudPath,
    writeScenario: (text) => writeFileAtomically(join(path, 'scenario.yaml'), text, 0o644),
    writeOutcome: async (evidence, verdict, figures) => {
      try {
        await writeFileAtomically(join(path, 'evidence.json'), `${JSON.stringify(evidence)}\n`, 0o644);
        await writeResult(path, evidence, verdict, figures);
      } catch (cause) {
        const lost = `cannot write to ${path} what came of the run, which was\n${describeVerdict(verdict)}`;
        throw new Error(lost, { cause });
      }
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
