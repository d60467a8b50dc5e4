import type { Clock } from '../lib/clock.ts';
import { withDeadline } from '../lib/deadline.ts';
import { inScope } from '../lib/scope.ts';
import { defaultDeadlineMs, failed, skipped, unknown } from './check.ts';
import type { Check, Finding } from './check.ts';
import type { Scene } from './scene.ts';

export interface CheckResult extends Omit<Finding, 'blocks'> {
  readonly id: string;
  /** How long it took, in milliseconds; 0 for what was not looked at. */
  readonly tookMs: number;
}

export interface CheckRequest {
  /** IDs of checks not to be made; those that build on them are made all the same. */
  readonly dontRun: readonly string[];
  /** Leave out whatever goes beyond this machine. */
  readonly offline: boolean;
}

/** All of it together, in milliseconds: whatever is not done by then is an error. */
export const wholeDeadlineMs = 150_000;

interface Done {
  readonly result: CheckResult;
  /** Why what builds on it says nothing. */
  readonly isInTheWay: boolean;
}

/**
 * Makes the checks, those that do not wait for one another at the same time, and hands over the results in the order of
 * the table, each as soon as those before it are there. Closes what they have opened. Rejects only with the signal's
 * reason.
 */
export async function runChecks(
  checks: readonly Check[],
  scene: Scene,
  request: CheckRequest,
  clock: Clock,
  signal: AbortSignal,
  onResult: (result: CheckResult) => void = () => undefined,
): Promise<readonly CheckResult[]> {
  const late = new Error(`cannot finish: all the checks together have ${wholeDeadlineMs / 1000} s`);
  try {
    return await inScope(signal, async (whole) => {
      clock.sleep(wholeDeadlineMs, whole.signal).then(
        () => {
          whole.abort(late);
        },
        () => undefined,
      );
      const runs = new Map<string, Promise<Done>>();
      for (const check of checks)
        runs.set(check.id, runOne(check, runs, scene, request, clock, whole.signal));
      const results: CheckResult[] = [];
      for (const run of runs.values()) {
        const { result } = await run;
        signal.throwIfAborted();
        results.push(result);
        onResult(result);
      }
      return results;
    });
  } finally {
    await scene.close();
  }
}

/** Never rejects. */
async function runOne(
  check: Check,
  earlier: ReadonlyMap<string, Promise<Done>>,
  scene: Scene,
  { dontRun, offline }: CheckRequest,
  clock: Clock,
  signal: AbortSignal,
): Promise<Done> {
  const { id, needs = [], after = [], isOnline = false } = check;
  const before = new Map<string, Done>();
  for (const other of [...needs, ...after]) {
    const done = await earlier.get(other);
    if (done !== undefined) before.set(other, done);
  }
  if (dontRun.includes(id)) return notMade(id, skipped('by --dont-run'));
  if (offline && isOnline) return notMade(id, skipped('by --offline'));
  const inTheWay = needs.find((other) => before.get(other)?.isInTheWay === true);
  if (inTheWay !== undefined) return notMade(id, unknown(`because of ${inTheWay}`));
  const startedMs = clock.monotonic();
  const finding = await findingOf(check, scene, clock, signal);
  return doneOf(id, finding, Math.round(clock.monotonic() - startedMs));
}

async function findingOf(
  { command, deadlineMs = defaultDeadlineMs, run }: Check,
  scene: Scene,
  clock: Clock,
  signal: AbortSignal,
): Promise<Finding> {
  const late = new Error(`cannot finish this check within ${deadlineMs / 1000} s`);
  try {
    const finding = await withDeadline(clock, deadlineMs, late, signal, async (limit) => run(scene, limit));
    const isWrong = finding.status === 'warning' || finding.status === 'error';
    return isWrong ? { command, ...finding } : finding;
  } catch (thrown) {
    return failed(thrown, { command });
  }
}

function notMade(id: string, finding: Finding): Done {
  return doneOf(id, finding, 0);
}

function doneOf(id: string, { blocks = false, ...finding }: Finding, tookMs: number): Done {
  return { result: { id, ...finding, tookMs }, isInTheWay: blocks || finding.status === 'error' };
}
