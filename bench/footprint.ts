// What the built agent takes to start and at rest, against a minimal script on the bare SDK, in the same run, in turn, on
// the same simulator. `npm run bench:footprint` prints one table and writes bench/results; with `-- --short` it only shows
// that it works. Both are run by the Node that the package carries, or by that of `-- --node PROGRAM`.
import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { packagedNode } from '../scripts/packaged-node.ts';
import { AgentHome, BenchAgent } from './agent.ts';
import { BareScript } from './bare-script.ts';
import { Hub } from './hub.ts';
import { machine } from './machine.ts';
import { pass } from './pass.ts';
import { cpuMs, footprint } from './process-figures.ts';
import type { Footprint } from './process-figures.ts';
import { median, table } from './report.ts';
import type { Figure } from './report.ts';

interface Started {
  readonly pid: number;
  readonly readyMs?: number | undefined;
  stop(): Promise<void>;
}

/** One start: until the hub had its first message, in milliseconds; CPU until then; memory after the rest. */
interface Round {
  readonly firstMessageMs: number;
  readonly cpuMs: number;
  /** Until systemd was told READY=1; absent of a script, which says nothing to it. */
  readonly readyMs?: number;
  readonly rest?: Footprint;
}

const { values } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    node: { type: 'string' },
    flag: { type: 'string', multiple: true, default: [] },
  },
});
const rounds = values.short ? 2 : 11;
/** The last rounds are left alone for so long: a minute, and what is done once a minute. */
const restMs = values.short ? 1000 : 65_000;
const restedRounds = values.short ? 1 : 2;

const node = values.node ?? packagedNode(process.arch === 'x64' ? 'amd64' : process.arch).program;
const nodeVersion = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim().replace('v', '');

const telemetry = 'telemetry: {inputs: [{name: system, type: system, interval: 60s}]}';
const hub = await Hub.start(3);
const home = await AgentHome.make(hub, telemetry);
const script = await BareScript.make(hub, node);
try {
  const agent = { program: node, flags: values.flag };
  const agentRound = (rest: boolean): Promise<Round> => start(() => new BenchAgent(home, agent), rest);
  const scriptRound = (rest: boolean): Promise<Round> => start(() => script.run(), rest);
  // The agent's first start asks DPS, and from then on its hub is cached, and so is its code; the script has no cache.
  await agentRound(false);
  await scriptRound(false);
  const [ours, theirs, told]: [Round[], Round[], Round[]] = [[], [], []];
  for (let round = 1; round <= rounds; round += 1) {
    const rests = round > rounds - restedRounds;
    console.error(`round ${round} of ${rounds}${rests ? `, at rest for ${restMs / 1000} s each` : ''} …`);
    ours.push(await agentRound(rests));
    theirs.push(await scriptRound(rests));
    told.push(await start(() => script.runTold(), false));
  }
  const figures = figuresOf(ours, theirs, told);
  console.log(table(figures));
  if (!values.short) {
    await keep({ ours, theirs, told, figures });
    process.exitCode = figures.some(({ met }) => met === false) ? 1 : 0;
  }
} finally {
  await script.remove();
  await home.remove();
  await hub.end();
}

async function start(run: () => Started, rests: boolean): Promise<Round> {
  await hub.startCounting();
  const startMs = performance.timeOrigin + performance.now();
  const program = run();
  const { firstMs } = await hub.untilArrived(1, 'messages');
  const cpu = cpuMs(program.pid);
  if (rests) await pass(restMs);
  const rest = rests ? { rest: footprint(program.pid) } : {};
  const ready = program.readyMs === undefined ? {} : { readyMs: program.readyMs - startMs };
  await program.stop();
  return { firstMessageMs: firstMs - startMs, cpuMs: cpu, ...ready, ...rest };
}

function figuresOf(ours: readonly Round[], theirs: readonly Round[], told: readonly Round[]): Figure[] {
  const compare = (what: string, of: (round: Round) => number | undefined, unit: string, target?: number) => {
    const [our, their] = [ours, theirs].map((all) => median(all.flatMap((round) => of(round) ?? [])));
    const ratio = (our ?? NaN) / (their ?? NaN);
    return {
      what,
      figure: `${(our ?? NaN).toFixed(0)} ${unit}`,
      against: `bare SDK ${(their ?? NaN).toFixed(0)} ${unit}, ratio ${ratio.toFixed(2)}`,
      target: target === undefined ? '' : `ratio at most ${target}`,
      met: target === undefined ? undefined : ratio <= target,
    };
  };
  const megabytes = (part: keyof Footprint) => {
    return ({ rest }: Round): number | undefined => rest && rest[part] / 1e6;
  };
  return [
    {
      what: 'start to READY',
      figure: `${median(ours.flatMap(({ readyMs }) => readyMs ?? [])).toFixed(0)} ms`,
      against: '',
      target: '',
      met: undefined,
    },
    compare('start to the first acknowledged message', (round) => round.firstMessageMs, 'ms', 0.6),
    compare('  CPU until then', (round) => round.cpuMs, 'ms'),
    {
      what: '  the bare SDK if it is told its hub',
      figure: `${median(told.map((round) => round.firstMessageMs)).toFixed(0)} ms`,
      against: `CPU ${median(told.map((round) => round.cpuMs)).toFixed(0)} ms`,
      target: '',
      met: undefined,
    },
    compare('memory at rest, resident', megabytes('residentBytes'), 'MB', 0.9),
    compare('  share of what others map, too', megabytes('proportionalBytes'), 'MB'),
    compare('  not of any file', megabytes('anonymousBytes'), 'MB'),
  ];
}

async function keep(
  results: Record<'ours' | 'theirs' | 'told', Round[]> & { figures: Figure[] },
): Promise<void> {
  const date = new Date().toISOString();
  const folder = join(import.meta.dirname, 'results');
  const path = join(folder, `footprint-${date.slice(0, 10)}-node-${nodeVersion.split('.')[0] ?? ''}.json`);
  await mkdir(folder, { recursive: true });
  await writeFile(
    path,
    `${JSON.stringify({ date, machine: { ...machine(), node: `v${nodeVersion}` }, ...results }, null, 2)}\n`,
  );
  console.log(`written to ${path}`);
}
