import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startSimulator } from '../../src/simulator/simulator.ts';
import { seededRandom, whole } from '../fakes/seeded-random.ts';
import { agentProgram } from '../support/agent-process.ts';
import { configFor } from '../support/agent.ts';
import type { Scratch } from '../support/scratch.ts';
import { enrollWithKey } from '../support/simulator.ts';
import { AgentUnderFire } from './agent-under-fire.ts';
import { Feeder } from './feeder.ts';
import { Ledger } from './ledger.ts';
import { pass } from './pass.ts';
import { Storm } from './storm.ts';

export interface CrashOptions {
  readonly scratch: Scratch;
  readonly durability: 'flush' | 'always';
  readonly kills: number;
  readonly seed: number;
  /** A queue that forgets: its files are removed after each kill, and the hub cannot be reached until the end. */
  readonly forget?: boolean;
}

export interface CrashOutcome {
  readonly ledger: Ledger;
  readonly feeder: Feeder;
  /** Of the orderly end, when everything had arrived. */
  readonly exitCode: number | null;
  /** Everything in one line, and under it what went wrong meanwhile. */
  readonly summary: string;
}

/** No 202 for so long after a start: the agent is not just slow. In milliseconds. */
const longestStartMs = 20_000;
/** Nothing more arrives: what is not there by now is lost. In milliseconds. */
const silenceMs = 15_000;

/** Feeds the agent while it is killed again and again and its hub is no better; then lets it bring out what it has. */
export async function crashRun(options: CrashOptions): Promise<CrashOutcome> {
  const { scratch, seed, kills, forget = false } = options;
  const ledger = new Ledger();
  const dataDirectory = await scratch.folder();
  const simulator = await startSimulator({ dataDirectory, retryAfterSeconds: 0 });
  const storm = new Storm(simulator, dataDirectory, ledger);
  scratch.defer(() => storm.close());
  const stateDirectory = join(await scratch.folder(), 'state');
  const agent = await agentFor(options, simulator, stateDirectory);
  scratch.defer(() => agent.kill());
  const feeder = new Feeder(join(stateDirectory, 'agent.sock'), ledger, seed + 1);

  agent.start();
  feeder.start();
  scratch.defer(() => feeder.stop());
  // Once connected it knows its hub; DPS does not let itself be asked again at every start.
  await ledger.firstArrival;
  if (forget) storm.vanish();
  else storm.start(seed + 2);
  const random = seededRandom(seed);
  for (let kill = 1; kill <= kills; kill += 1) {
    // One life in five ends while the agent is still starting, or just has.
    if (random() < 0.2) await pass(50 + whole(random, 500));
    else {
      await firstPromise(feeder);
      await pass(100 + whole(random, 1400));
    }
    await agent.kill();
    if (forget) await rm(join(stateDirectory, 'queue'), { recursive: true, force: true });
    feeder.life = kill;
    agent.start();
  }
  await firstPromise(feeder);
  await feeder.stop();
  await storm.calm();
  await allArrived(ledger);
  const exitCode = await agent.stop();
  for (const how of agent.ownEnds) ledger.problems.push(`the agent ended by itself, ${how}`);
  return { ledger, feeder, exitCode, summary: summaryOf(options, ledger, feeder, storm, agent) };
}

async function agentFor(
  { scratch, durability }: CrashOptions,
  simulator: Awaited<ReturnType<typeof startSimulator>>,
  stateDirectory: string,
): Promise<AgentUnderFire> {
  const folder = await scratch.folder();
  await mkdir(stateDirectory);
  // A copy: a build meanwhile would be one more thing to go wrong, and none of the agent's.
  const program = join(folder, 'dps-agent.cjs');
  await copyFile(agentProgram, program);
  const config = join(folder, 'config.yaml');
  const sections = [
    'connection: {ack_timeout: 5s, retry: {initial: 100ms, maximum: 1s}, rejected_retry: {initial: 1s, maximum: 2s}}',
    `telemetry: {drain_rate: 10000, queue: {durability: ${durability}, flush_interval: 200ms}, inputs: [${inputs}]}`,
  ];
  const attestation = enrollWithKey(simulator, 'gateway');
  // What losses in a row make it ask DPS for is not what is tried here, and soon not allowed.
  const provisioning = ['dynamic_reprovisioning: false'];
  const text = configFor({ simulator, attestation, sections, provisioning });
  await writeFile(config, text, { mode: 0o600 });
  return new AgentUnderFire(program, config, stateDirectory);
}

const inputs = [
  '{name: plain, type: socket}',
  '{name: batched, type: socket, batch: {max_readings: 15, max_delay: 100ms, max_bytes: 20KB}}',
].join(', ');

async function firstPromise(feeder: Feeder): Promise<void> {
  const answered = feeder.nextPromise().then(() => true);
  if (await Promise.race([answered, pass(longestStartMs).then(() => false)])) return;
  const refused = JSON.stringify([...feeder.refused]);
  throw new Error(
    `no post was answered 202 for ${longestStartMs} ms; other answers: ${refused}, none: ${feeder.unanswered}`,
  );
}

async function allArrived(ledger: Ledger): Promise<void> {
  let heard = { arrivals: -1, atMs: performance.now() };
  while (ledger.lost.length > 0 && performance.now() - heard.atMs < silenceMs) {
    if (ledger.arrivals !== heard.arrivals) heard = { arrivals: ledger.arrivals, atMs: performance.now() };
    await pass(100);
  }
}

function summaryOf(
  { durability, seed, kills, forget }: CrashOptions,
  ledger: Ledger,
  feeder: Feeder,
  storm: Storm,
  agent: AgentUnderFire,
): string {
  const { posts, answered202, unanswered } = feeder;
  const { lost } = ledger;
  const told = lost.slice(0, 10).map((n) => {
    const promised = ledger.promised.get(n);
    return `  lost: number ${n}, promised in life ${promised?.life ?? '?'} as ${String(promised?.stored)}`;
  });
  return [
    `durability: ${durability}${forget === true ? ', forgetful' : ''}, seed ${seed}: ${kills} kills, ${posts} posts, ` +
      `${answered202} answered 202 (${unanswered} unanswered, others ${JSON.stringify([...feeder.refused])}), ` +
      `${ledger.promised.size} readings and messages promised; ${ledger.delivered} messages delivered, ` +
      `${ledger.duplicates} duplicates, ${lost.length} lost`,
    `  the hub: ${[...storm.counts].map(([what, count]) => `${what} ${count}`).join(', ')}`,
    ...[...agent.warnings].map(([what, count]) => `  the agent, ${count} times: ${what}`),
    ...told,
    ...ledger.problems.map((problem) => `  wrong: ${problem}`),
  ].join('\n');
}
