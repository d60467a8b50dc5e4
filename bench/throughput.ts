import { window } from './agent.ts';
import type { BenchAgent } from './agent.ts';
import type { FeedOrder, Feeder } from './feeder.ts';
import type { Arrived, Hub } from './hub.ts';
import type { Payload } from './payload.ts';
import { cpuMs } from './process-figures.ts';
import type { Stock } from './stock.ts';

export interface Contest {
  readonly id: string;
  readonly name: string;
  readonly counts: 'messages' | 'readings';
  readonly payload: Payload;
  readonly feed: Pick<FeedOrder, 'input' | 'linesPerPost' | 'postsInFlight'>;
  /** How many times the stock loop's figure ours is meant to reach. */
  readonly target: number;
}

export const contests: readonly Contest[] = [
  {
    id: 'small',
    name: 'messages of 200 B a second',
    counts: 'messages',
    payload: 'reading',
    feed: { input: 'single', linesPerPost: 250, postsInFlight: 4 },
    target: 1,
  },
  {
    id: 'binary',
    name: 'messages of 4 KB binary a second',
    counts: 'messages',
    payload: 'binary',
    feed: { input: 'single', linesPerPost: 100, postsInFlight: 6 },
    target: 5,
  },
  {
    id: 'batched',
    name: 'readings of 200 B a second, ours batched',
    counts: 'readings',
    payload: 'reading',
    feed: { input: 'batched', linesPerPost: 500, postsInFlight: 16 },
    target: 10,
  },
];

/** One side's round: how many a second, and what each cost its process in microseconds of CPU. */
export interface Round {
  readonly perSecond: number;
  readonly cpuMicroseconds: number;
  /** And what it cost the simulator. */
  readonly hubCpuMicroseconds: number;
}

export interface ContestResult {
  readonly contest: Contest;
  readonly ours: readonly Round[];
  readonly stock: readonly Round[];
}

export interface Sides {
  readonly hub: Hub;
  readonly agent: BenchAgent;
  readonly feeder: Feeder;
  readonly stock: Stock;
}

/** Rounds of ours and the stock loop in turn, after one of each that does not count. */
export async function hold(
  contest: Contest,
  sides: Sides,
  rounds: number,
  seconds: number,
): Promise<ContestResult> {
  await ourRound(contest, sides, Math.min(2, seconds));
  await stockRound(contest, sides, Math.min(2, seconds));
  const [ours, stock]: Round[][] = [[], []];
  for (let round = 0; round < rounds; round += 1) {
    ours?.push(await ourRound(contest, sides, seconds));
    stock?.push(await stockRound(contest, sides, seconds));
  }
  return { contest, ours: ours ?? [], stock: stock ?? [] };
}

async function ourRound(
  { payload, counts, feed }: Contest,
  { hub, agent, feeder }: Sides,
  seconds: number,
): Promise<Round> {
  await hub.startCounting();
  const before = [cpuMs(agent.pid), cpuMs(hub.pid)] as const;
  const { accepted } = await feeder.feed({ ...feed, payload, socketPath: agent.socketPath, seconds });
  const arrived = await hub.untilArrived(accepted, counts);
  return roundOf(arrived, counts, cpuMs(agent.pid) - before[0], cpuMs(hub.pid) - before[1]);
}

async function stockRound(
  { payload, counts }: Contest,
  { hub, stock }: Sides,
  seconds: number,
): Promise<Round> {
  await hub.startCounting();
  const before = [cpuMs(stock.pid), cpuMs(hub.pid)] as const;
  const acknowledged = await stock.send({ payload, seconds, window });
  const arrived = await hub.untilArrived(acknowledged, counts);
  return roundOf(arrived, counts, cpuMs(stock.pid) - before[0], cpuMs(hub.pid) - before[1]);
}

function roundOf(arrived: Arrived, counts: 'messages' | 'readings', cpu: number, hubCpu: number): Round {
  const count = arrived[counts];
  return {
    perSecond: (count * 1000) / (arrived.lastMs - arrived.firstMs),
    cpuMicroseconds: (cpu * 1000) / count,
    hubCpuMicroseconds: (hubCpu * 1000) / count,
  };
}
