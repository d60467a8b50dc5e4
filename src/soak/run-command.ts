import { access } from 'node:fs/promises';
import { formatDuration } from '../config/duration.ts';
import { UsageError } from '../cli/usage.ts';
import type { Clock } from '../lib/clock.ts';
import { ConfigError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import type { Secret } from '../lib/secret.ts';
import { describeEstimate, estimate } from './azure-estimate.ts';
import type { RunLine } from './command-line.ts';
import { direct } from './director.ts';
import { faultKinds } from './faults/kinds.ts';
import type { Programs } from './fleet/fleet-options.ts';
import { describeVerdict } from './judge/describe-verdict.ts';
import { ProgressMetrics } from './progress-metrics.ts';
import { jsonProgress } from './progress/json-progress.ts';
import type { Look } from './progress/moment-lines.ts';
import { together } from './progress/progress.ts';
import type { Progress } from './progress/progress.ts';
import type { Screen } from './progress/screen.ts';
import { terminalProgress } from './progress/terminal-progress.ts';
import type { ChartLibrary } from './report/chart-library.ts';
import { reportDocument } from './report/document.ts';
import { makeRunDirectory } from './run-directory.ts';
import { loadScenario } from './scenario/library.ts';
import type { LoadedScenario } from './scenario/library.ts';
import { total } from './scenario/schedule.ts';

/** Everything of the machine and the process that a run needs. */
export interface Surroundings {
  readonly clock: Clock;
  /** The directory of the shipped scenarios. */
  readonly library: string;
  readonly programs: Programs;
  /** For the report. */
  readonly chartLibrary: () => Promise<ChartLibrary>;
  /** Of the environment. */
  readonly azure: { readonly scopeId: string; readonly groupKey: Secret } | undefined;
  readonly version: string;
  readonly nodeVersion: string;
  readonly machine: string;
  readonly log: Log;
  readonly say: (text: string) => void;
  /** Where people look on; absent: nobody does, or what is said is for programs. */
  readonly terminal: { readonly screen: Screen; readonly look: () => Look } | undefined;
}

/** `dps-agent-soak run`: resolves with whether every invariant held. */
export async function runCommand(line: RunLine, around: Surroundings, signal: AbortSignal): Promise<boolean> {
  const { clock, log, say, programs } = around;
  const { json } = line;
  const loaded = withOptions(await loadScenario(line.scenario, around.library, faultKinds), line);
  const { scenario } = loaded;
  const durationMs = line.durationMs ?? total(scenario.phases);
  if (line.isDryRun) {
    say(dryRun(loaded, durationMs, line));
    return true;
  }
  const { name, seed } = scenario;
  const azure = line.target === 'azure' ? azureOf(around) : undefined;
  if (line.host === 'process') await checkAgent(programs, line);
  const directory = await makeRunDirectory({ out: line.out, scenario: name, seed, now: clock.now() });
  if (!json) say(`${name}, seed ${seed}, ${scenario.agents} agents, in ${directory.path}\n`);
  const { version, nodeVersion, machine } = around;
  const { evidence, verdict } = await withMetrics(line, (metrics) =>
    direct(
      {
        ...{ loaded, durationMs, azure, directory, programs, clock, log },
        ...{ host: line.host, agentsPerProcess: line.agentsPerProcess, maxMessages: line.maxMessages },
        namePrefix: line.namePrefix,
        kinds: faultKinds,
        facts: { version, nodeVersion, machine },
        progress: together([progressFor(around), ...metrics]),
      },
      signal,
    ),
  );
  const library = await around.chartLibrary();
  await directory.writeReport(reportDocument({ evidence, verdict, limits: scenario.limits, library }));
  const interruption = signal.aborted ? 'interrupted: judged is what there was until then\n' : '';
  if (json) say(`${JSON.stringify({ run: evidence.run, ...verdict, directory: directory.path })}\n`);
  else say(`${interruption}${describeVerdict(verdict)}${directory.path}/report.html\n`);
  return verdict.ok;
}

/** Without it a run would start nothing, again and again, and say so in its verdict. */
async function checkAgent({ agent: [path] }: Programs, { agentProgram }: RunLine): Promise<void> {
  if (path === undefined) return;
  try {
    await access(path);
  } catch (cause) {
    if (agentProgram !== undefined)
      throw new UsageError(`cannot use --agent-program ${agentProgram}: there is no ${path}`, { cause });
    throw new ConfigError(`cannot find the agent: there is no ${path}; npm run build makes it`, { cause });
  }
}

/** Pictures for people; for everybody else, lines of JSON. */
function progressFor({ clock, say, terminal }: Surroundings): Progress {
  if (terminal === undefined) return jsonProgress(clock, say);
  return terminalProgress(clock, terminal.screen, terminal.look);
}

async function withMetrics<T>(
  { metricsPort, metricsHost }: Pick<RunLine, 'metricsPort' | 'metricsHost'>,
  run: (metrics: readonly Progress[]) => Promise<T>,
): Promise<T> {
  if (metricsPort === undefined) return await run([]);
  const metrics = await ProgressMetrics.open(metricsPort, metricsHost);
  try {
    return await run([metrics]);
  } finally {
    await metrics.close();
  }
}

/** What the command line says counts more than the file. */
function withOptions({ scenario, text }: LoadedScenario, { agents, seed }: RunLine): LoadedScenario {
  return { text, scenario: { ...scenario, agents: agents ?? scenario.agents, seed: seed ?? scenario.seed } };
}

function azureOf({ azure }: Surroundings): NonNullable<Surroundings['azure']> {
  if (azure !== undefined) return azure;
  throw new UsageError(
    '--target azure needs DPS_AGENT_SOAK_SCOPE_ID and DPS_AGENT_SOAK_GROUP_KEY in the environment',
  );
}

function dryRun({ scenario }: LoadedScenario, durationMs: number, { target, maxMessages }: RunLine): string {
  const { name, agents, phases, calmMs } = scenario;
  const faults = phases
    .flatMap((phase) => phase.faults)
    .filter(({ kind }) => target === 'simulator' || isLocal(kind));
  const kinds = [...new Set(faults.map(({ kind }) => kind))];
  const plan = [
    `${name}: ${agents} agents, ${formatDuration(durationMs)}, then calm for ${formatDuration(calmMs)} at the most\n`,
    `faults: ${kinds.join(', ')}\n`,
  ];
  const cost = target === 'azure' ? describeEstimate(estimate(scenario, durationMs), maxMessages ?? 0) : '';
  return plan.join('') + cost;
}

function isLocal(name: string): boolean {
  const kind = faultKinds.find((each) => each.name === name);
  if (kind === undefined) throw new ConfigError(`cannot find a kind of fault called ${name}`);
  return kind.isLocal === true;
}
