import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ConfigError } from '../lib/errors.ts';
import type { Evidence } from './evidence.ts';
import { faultKinds } from './faults/kinds.ts';
import { figuresOf } from './figures.ts';
import { describeVerdict } from './judge/describe-verdict.ts';
import { judge } from './judge/judge.ts';
import type { ChartLibrary } from './report/chart-library.ts';
import { reportDocument } from './report/document.ts';
import { writeReport, writeResult } from './run-directory.ts';
import { parseScenario } from './scenario/parse-scenario.ts';

/**
 * `dps-agent-soak judge`: a run that is over before the judge of today, by the evidence that it left and the limits of its
 * scenario; its result and report are written anew. Resolves with whether every invariant held. Throws a ConfigError when
 * the directory has no run in it.
 */
export async function judgeCommand(
  directory: string,
  { library, say }: { readonly library: ChartLibrary; readonly say: (text: string) => void },
): Promise<boolean> {
  const path = resolve(directory);
  const { limits } = parseScenario(
    await contentOf(path, 'scenario.yaml'),
    join(path, 'scenario.yaml'),
    faultKinds,
  );
  const evidence = JSON.parse(await contentOf(path, 'evidence.json')) as Evidence;
  const verdict = judge(evidence, limits);
  await writeResult(path, evidence, verdict, figuresOf(evidence, limits));
  await writeReport(path, reportDocument({ evidence, verdict, limits, library }));
  say(`${describeVerdict(verdict)}${path}/report.html\n`);
  return verdict.ok;
}

async function contentOf(path: string, name: string): Promise<string> {
  try {
    return await readFile(join(path, name), 'utf8');
  } catch (cause) {
    throw new ConfigError(`cannot judge ${path}: ${name} of a run that is over is not there`, { cause });
  }
}
