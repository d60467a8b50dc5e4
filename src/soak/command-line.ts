import { parseArgs } from 'node:util';
import { parseDuration } from '../config/duration.ts';
import { closest } from '../config/suggest.ts';
import { UsageError } from '../cli/usage.ts';

export type CommandLine =
  { readonly verb: 'help' | 'version' | 'scenarios' | 'crew' | 'wire' } | RunLine | CompareLine | JudgeLine;

export interface CompareLine {
  readonly verb: 'compare';
  readonly runs: readonly [string, string];
  readonly json: boolean;
}

export interface JudgeLine {
  readonly verb: 'judge';
  readonly run: string;
}

export interface RunLine {
  readonly verb: 'run';
  /** A name of the library, or a file. */
  readonly scenario: string;
  readonly agents: number | undefined;
  readonly durationMs: number | undefined;
  readonly seed: number | undefined;
  readonly host: 'process' | 'in-process';
  readonly agentsPerProcess: number | undefined;
  /** Of the agents' names, in place of the scenario's own. */
  readonly namePrefix: string | undefined;
  readonly out: string | undefined;
  /** What runs in place of the `dps-agent` beside this program. */
  readonly agentProgram: string | undefined;
  readonly target: 'simulator' | 'azure';
  readonly maxMessages: number | undefined;
  readonly isDryRun: boolean;
  /** Where a monitor is told how the run is getting on. */
  readonly metricsPort: number | undefined;
  /** The address it is told at: this machine's own, unless somebody wants otherwise. */
  readonly metricsHost: string;
  readonly json: boolean;
}

export const usage = `Usage: dps-agent-soak run [options]
       dps-agent-soak compare RUN RUN
       dps-agent-soak judge RUN
       dps-agent-soak scenarios

A fleet of agents, a cloud of its own, everything going wrong, and a verdict.

run:
  --scenario NAME|FILE   what happens: one of the library, or a file (default smoke)
  --agents N             how many agents (default: as the scenario says)
  --duration TIME        of all its phases together, such as 30m: they are stretched or compressed to it
  --seed N               the same seed, the same faults (default: as the scenario says)
  --in-process           many agents to a process, instead of each in its own
  --crew N               with --in-process: how many to a process
  --name-prefix NAME     what agents are called before their number (default: as the scenario is called)
  --out DIR              where logs, evidence and verdict go (default ./soak-runs/<scenario>-<date>-<seed>)
  --agent-program FILE   a dps-agent.cjs to be tried in place of this installation's; not with --in-process
  --target azure         a real DPS; DPS_AGENT_SOAK_SCOPE_ID and DPS_AGENT_SOAK_GROUP_KEY say which
  --max-messages N       with --target azure: what may be sent and never exceeded
  --dry-run              say what would be done and what it would cost, and do nothing
  --metrics-port N       progress for Prometheus too, at http://127.0.0.1:N/metrics
  --metrics-host ADDRESS with --metrics-port: another address, such as 0.0.0.0 in a container
  --json                 progress and verdict as lines of JSON; progress is so wherever there is no terminal
compare:
  two run directories or result.json, the earlier first; what got worse comes first
  --output json          for programs; --json is the same
judge:
  a run directory: its evidence before the judge of this version, its result and report anew
scenarios:
  the library

  --help, --version

Exit status: 0 every invariant held, 1 one is broken or the run failed, 64 a wrong option, 78 a scenario that cannot be
used, 130 interrupted.
`;

/** Throws a UsageError that says what to type. */
export function parseCommandLine(args: readonly string[]): CommandLine {
  const [verb = '--help', ...rest] = args;
  switch (verb) {
    case '--help':
    case 'help':
      return { verb: 'help' };
    case '--version':
      return { verb: 'version' };
    case 'run':
      return rest.includes('--help') ? { verb: 'help' } : runLine(rest);
    case 'compare':
      return compareLine(rest);
    case 'judge':
      return judgeLine(rest);
    case 'scenarios':
    case 'crew':
    case 'wire':
      if (rest.length > 0) throw new UsageError(`${verb} takes nothing, not ${rest.join(' ')}`);
      return { verb };
    default:
      throw new UsageError(`${verb} is no command${meant(verb, ['run', 'compare', 'judge', 'scenarios'])}`);
  }
}

const runOptions = {
  scenario: { type: 'string', default: 'smoke' },
  agents: { type: 'string' },
  duration: { type: 'string' },
  seed: { type: 'string' },
  'in-process': { type: 'boolean', default: false },
  crew: { type: 'string' },
  'name-prefix': { type: 'string' },
  out: { type: 'string' },
  'agent-program': { type: 'string' },
  target: { type: 'string', default: 'simulator' },
  'max-messages': { type: 'string' },
  'dry-run': { type: 'boolean', default: false },
  'metrics-port': { type: 'string' },
  'metrics-host': { type: 'string', default: '127.0.0.1' },
  json: { type: 'boolean', default: false },
} as const;

function runLine(args: readonly string[]): RunLine {
  const { values } = understood(() => parseArgs({ args: [...args], options: runOptions }));
  const target = oneOf('--target', values.target, ['simulator', 'azure'] as const);
  const maxMessages = wholeNumber('--max-messages', values['max-messages'], 1, 1_000_000_000);
  const isInProcess = values['in-process'];
  if (values.crew !== undefined && !isInProcess) throw new UsageError('--crew goes with --in-process only');
  if (values['agent-program'] !== undefined && isInProcess)
    throw new UsageError(
      '--agent-program goes without --in-process only: there the agents are part of the soak',
    );
  if (maxMessages !== undefined && target !== 'azure')
    throw new UsageError('--max-messages goes with --target azure only');
  if (maxMessages === undefined && target === 'azure')
    throw new UsageError('--target azure needs --max-messages N: every message is billed');
  return {
    verb: 'run',
    scenario: values.scenario,
    agents: wholeNumber('--agents', values.agents, 1, 10_000),
    durationMs: duration(values.duration),
    seed: wholeNumber('--seed', values.seed, 0, 2 ** 32 - 1),
    host: isInProcess ? 'in-process' : 'process',
    agentsPerProcess: wholeNumber('--crew', values.crew, 1, 10_000),
    namePrefix: name('--name-prefix', values['name-prefix']),
    out: values.out,
    agentProgram: values['agent-program'],
    ...{ target, maxMessages, isDryRun: values['dry-run'], json: values.json },
    metricsPort: wholeNumber('--metrics-port', values['metrics-port'], 1, 65_535),
    metricsHost: values['metrics-host'],
  };
}

function compareLine(args: readonly string[]): CommandLine {
  const options = {
    json: { type: 'boolean', default: false },
    output: { type: 'string', default: 'text' },
  } as const;
  const { values, positionals } = understood(() =>
    parseArgs({ args: [...args], options, allowPositionals: true }),
  );
  const [one, other, ...more] = positionals;
  if (one === undefined || other === undefined || more.length > 0)
    throw new UsageError('compare takes two run directories, the earlier first');
  const output = oneOf('--output', values.output, ['text', 'json'] as const);
  return { verb: 'compare', runs: [one, other], json: values.json || output === 'json' };
}

function judgeLine(args: readonly string[]): CommandLine {
  const { positionals } = understood(() => parseArgs({ args: [...args], allowPositionals: true }));
  const [run, ...more] = positionals;
  if (run === undefined || more.length > 0) throw new UsageError('judge takes one run directory');
  return { verb: 'judge', run };
}

function understood<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

function wholeNumber(
  option: string,
  text: string | undefined,
  least: number,
  most: number,
): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new UsageError(`cannot use ${option} ${text}: it must be a whole number from ${least} to ${most}`);
}

/** With a number behind it, it is a registration ID. */
function name(option: string, text: string | undefined): string | undefined {
  if (text === undefined || /^[A-Za-z0-9][A-Za-z0-9-]{0,39}$/.test(text)) return text;
  throw new UsageError(`cannot use ${option} ${text}: it must be letters, digits and dashes, 40 at most`);
}

const shortestRunMs = 10_000;

function duration(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const parsed = parseDuration(text);
  if ('problem' in parsed) throw new UsageError(`cannot use --duration ${text}: ${parsed.problem}`);
  if (parsed.value >= shortestRunMs) return parsed.value;
  throw new UsageError(`cannot use --duration ${text}: it must be 10s at least`);
}

function oneOf<Word extends string>(option: string, text: string, words: readonly Word[]): Word {
  const word = words.find((candidate) => candidate === text);
  if (word !== undefined) return word;
  throw new UsageError(`cannot use ${option} ${text}: it must be ${words.join(' or ')}`);
}

function meant(word: string, words: readonly string[]): string {
  const near = closest(word, words);
  return near === undefined ? `: there are ${words.join(', ')}` : `; did you mean ${near}?`;
}
