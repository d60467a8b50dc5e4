import process from 'node:process';
import { runChecks } from '../checks/run-checks.ts';
import type { CheckRequest, CheckResult } from '../checks/run-checks.ts';
import { allChecks } from '../checks/table.ts';
import { SystemClock } from '../lib/clock.ts';
import { agentPlace } from './agent-place.ts';
import { agentPresence } from './agent-presence.ts';
import { askForChecks } from './ask-for-checks.ts';
import { checkScene } from './check-scene.ts';
import { checkListText, checkSummary, checkText } from './check-text.ts';
import { painter } from './colour.ts';
import { errorLog } from './error-log.ts';
import { jsonDocument } from './output-option.ts';
import type { Output } from './output-option.ts';
import { Printout, print } from './print.ts';
import { UsageError, exitCodes } from './usage.ts';
import { didYouMean } from './verb.ts';

export interface ChecksCommand extends CheckRequest {
  readonly configPath: string;
  readonly output: Output;
  readonly isInside: boolean;
  readonly areWarningsErrors: boolean;
}

/** `dps-agent check`: prints each result as it comes, and returns the exit code. Throws a UsageError, a CommandError. */
export async function makeChecks(command: ChecksCommand): Promise<number> {
  refuseUnknown(command.dontRun);
  const { output } = command;
  const paint = painter(process.stdout);
  const clock = new SystemClock();
  const startedMs = clock.monotonic();
  const printout = new Printout();
  const tell = (result: CheckResult): void => {
    if (output === 'text') void printout.add(checkText(result, paint));
  };
  const results = await resultsOf(command, tell);
  await printout.printed();
  const tookMs = Math.round(clock.monotonic() - startedMs);
  const whole = { inside: command.isInside, tookMs, results };
  await print(output === 'text' ? checkSummary(results, tookMs, paint) : jsonDocument(whole));
  return exitCodeOf(results, command.areWarningsErrors);
}

/** `dps-agent check --list`. */
export async function listChecks(output: Output): Promise<number> {
  const list = allChecks.map(({ id, looksAt, isOnline = false }) => ({ id, looksAt, isOnline }));
  await print(output === 'json' ? jsonDocument(list) : checkListText(list));
  return exitCodes.success;
}

export function exitCodeOf(results: readonly CheckResult[], areWarningsErrors: boolean): number {
  const has = (status: CheckResult['status']): boolean => results.some((result) => result.status === status);
  if (results.some(({ id, status }) => id === 'config' && status === 'error')) return exitCodes.config;
  return has('error') || (areWarningsErrors && has('warning')) ? exitCodes.failure : exitCodes.success;
}

async function resultsOf(
  { configPath, isInside, dontRun, offline }: ChecksCommand,
  tell: (result: CheckResult) => void,
): Promise<readonly CheckResult[]> {
  const request = { dontRun, offline };
  if (isInside) {
    const results = await askForChecks(await agentPlace(configPath), request);
    for (const result of results) tell(result);
    return results;
  }
  const scene = await checkScene({ configPath, isInside, presence: agentPresence, log: errorLog });
  return runChecks(allChecks, scene, request, new SystemClock(), new AbortController().signal, tell);
}

function refuseUnknown(ids: readonly string[]): void {
  const known = allChecks.map(({ id }) => id);
  const unknown = ids.find((id) => !known.includes(id));
  if (unknown === undefined) return;
  const hint = didYouMean(unknown, known);
  throw new UsageError(
    `there is no check ${JSON.stringify(unknown)}${hint === '' ? '; --list tells them' : hint}`,
  );
}
