import { existsSync, realpathSync } from 'node:fs';
import { arch, cpus, platform, release, totalmem } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import process from 'node:process';
import { UsageError } from '../cli/usage.ts';
import { SystemClock } from '../lib/clock.ts';
import { ConfigError, describeError } from '../lib/errors.ts';
import { systemRandom } from '../lib/random.ts';
import { Secret } from '../lib/secret.ts';
import { lineLog } from '../simulator/line-log.ts';
import { agentVersion } from '../version.ts';
import { parseCommandLine, usage } from './command-line.ts';
import type { CommandLine, CompareLine, RunLine } from './command-line.ts';
import { comparisonText } from './compare/comparison-text.ts';
import { compareRuns } from './compare/comparison.ts';
import { readRun } from './compare/read-run.ts';
import { crewFailure, runCrew } from './crew/main.ts';
import { faultKinds } from './faults/kinds.ts';
import { judgeCommand } from './judge-command.ts';
import { Screen } from './progress/screen.ts';
import { chartLibrary } from './report/chart-library.ts';
import { runCommand } from './run-command.ts';
import type { Surroundings } from './run-command.ts';
import { libraryScenarios } from './scenario/library.ts';
import { scenarioList } from './scenario/scenario-list.ts';
import { runWire } from './wire/run-wire.ts';

/** 64 and 78 are EX_USAGE and EX_CONFIG of sysexits.h; 130 is what a shell says of SIGINT. */
const exitCodes = { success: 0, failure: 1, usage: 64, config: 78, interrupted: 130 } as const;

// A deprecation is for who builds this. The SDK's own url.parse() would tell whoever runs it nothing to do.
process.noDeprecation = true;

const program = realpathSync(process.argv[1] ?? '.');

void main(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});

async function main(args: string[]): Promise<number> {
  try {
    return await carryOut(parseCommandLine(args));
  } catch (error) {
    return report(error);
  }
}

async function carryOut(line: CommandLine): Promise<number> {
  switch (line.verb) {
    case 'help':
      return say(usage);
    case 'version':
      return say(`${agentVersion}\n`);
    case 'scenarios':
      return say(scenarioList(await libraryScenarios(libraryDirectory(), faultKinds)));
    case 'run':
      return await run(line);
    case 'compare':
      return await compare(line);
    case 'judge': {
      const ok = await judgeCommand(line.run, { library: await chartLibrary(packageRoot()), say });
      return ok ? exitCodes.success : exitCodes.failure;
    }
    case 'crew':
      return await crew();
    case 'wire':
      await runWire({
        stdin: process.stdin,
        stdout: process.stdout,
        clock: new SystemClock(),
        random: systemRandom,
      });
      return exitCodes.success;
  }
}

async function run(line: RunLine): Promise<number> {
  const interruption = interrupted();
  const ok = await runCommand(line, surroundings(line), interruption);
  if (interruption.aborted) return exitCodes.interrupted;
  return ok ? exitCodes.success : exitCodes.failure;
}

/** A comparison is no verdict: which of the two is as it should be is for the reader to say. */
async function compare({ runs: [before, after], json }: CompareLine): Promise<number> {
  const comparison = compareRuns(await readRun(before), await readRun(after));
  return say(json ? `${JSON.stringify(comparison)}\n` : comparisonText(comparison));
}

/** Ends the process: what an orderly end was given time for is not to be waited for once it is over. */
async function crew(): Promise<never> {
  try {
    process.exit(await runCrew());
  } catch (error) {
    process.stderr.write(crewFailure(error));
    process.exit(exitCodes.failure);
  }
}

function surroundings({ agentProgram, json }: RunLine): Surroundings {
  const root = packageRoot();
  const [scopeId, groupKey] = ['DPS_AGENT_SOAK_SCOPE_ID', 'DPS_AGENT_SOAK_GROUP_KEY'].map(
    (name) => process.env[name],
  );
  const screen = process.stdout.isTTY && !json ? new Screen((text) => process.stdout.write(text)) : undefined;
  const say = (text: string): void => {
    if (screen === undefined) process.stdout.write(text);
    else screen.say(text);
  };
  // https://no-color.org: whatever it is, unless it is empty.
  const isColoured = (process.env['NO_COLOR'] ?? '') === '';
  // On the same terminal the picture would be drawn over it.
  const sayLog = (text: string): void => {
    if (screen !== undefined && process.stderr.isTTY) screen.say(text);
    else process.stderr.write(text);
  };
  return {
    clock: new SystemClock(),
    library: libraryDirectory(),
    programs: {
      node: process.execPath,
      agent: [resolve(agentProgram ?? join(root, 'dist', 'dps-agent.cjs'))],
      soak: [...process.execArgv, program],
    },
    chartLibrary: () => chartLibrary(root),
    azure:
      scopeId === undefined || groupKey === undefined
        ? undefined
        : { scopeId, groupKey: new Secret(groupKey) },
    version: agentVersion,
    nodeVersion: process.version,
    machine: `${platform()} ${release()} ${arch()}, ${cpus().length} × ${cpus()[0]?.model.trim() ?? '?'}, ${Math.round(totalmem() / 2 ** 30)} GB`,
    log: lineLog(sayLog, json ? 'error' : 'warn'),
    say,
    terminal:
      screen === undefined
        ? undefined
        : { screen, look: () => ({ columns: process.stdout.columns, isColoured }) },
  };
}

/** The first of them ends the run in order; the second, at once. */
function interrupted(): AbortSignal {
  const interruption = new AbortController();
  const onSignal = (signal: NodeJS.Signals): void => {
    if (interruption.signal.aborted) process.exit(exitCodes.interrupted);
    interruption.abort(new Error(`interrupted by ${signal}`));
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, onSignal);
  return interruption.signal;
}

function libraryDirectory(): string {
  return join(packageRoot(), 'config', 'soak');
}

/** Where `config/` is: above `dist/` or `src/soak/`, wherever the package was put. */
function packageRoot(): string {
  for (let folder = dirname(program); ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'config', 'soak'))) return folder;
    if (folder === dirname(folder))
      throw new ConfigError(`cannot find the library of scenarios: there is no config/soak above ${program}`);
  }
}

function say(text: string): number {
  process.stdout.write(text);
  return exitCodes.success;
}

function report(error: unknown): number {
  if (error instanceof UsageError) {
    process.stderr.write(`dps-agent-soak: ${error.message}\n\n${usage}`);
    return exitCodes.usage;
  }
  process.stderr.write(`dps-agent-soak: ${describeError(error)}\n`);
  if (error instanceof ConfigError) return exitCodes.config;
  if (error instanceof Error) process.stderr.write(`${error.stack ?? ''}\n`);
  return exitCodes.failure;
}
