// What telemetry costs and how fast it goes: the built agent with its queue against a bare loop on the stock SDK, in the
// same run, on the same simulator. `npm run bench:telemetry` takes some minutes of a quiet machine, prints one table and
// writes bench/results; with `-- --short` it only shows, within a minute or so, that everything arrives.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { BenchAgent } from './agent.ts';
import { diskLoads, measureDisk } from './disk.ts';
import type { DiskResult } from './disk.ts';
import { measureDrain } from './drain.ts';
import type { DrainResult } from './drain.ts';
import { Feeder } from './feeder.ts';
import { Hub } from './hub.ts';
import { machine } from './machine.ts';
import { figuresOf, table } from './report.ts';
import type { Results } from './report.ts';
import { Stock } from './stock.ts';
import { contests, hold } from './throughput.ts';
import type { ContestResult } from './throughput.ts';

interface Sizes {
  readonly rounds: number;
  readonly roundSeconds: number;
  readonly diskSeconds: number;
  readonly backlog: number;
  readonly settleMs: number;
}

const full: Sizes = { rounds: 5, roundSeconds: 6, diskSeconds: 30, backlog: 200_000, settleMs: 5000 };
const short: Sizes = { rounds: 1, roundSeconds: 2, diskSeconds: 3, backlog: 10_000, settleMs: 500 };

const { values } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    only: { type: 'string' },
    profile: { type: 'string' },
    flag: { type: 'string', multiple: true, default: [] },
  },
});
const sizes = values.short ? short : full;
/** `contests`, one of them, `disk` or `drain`: that part alone, and nothing is written. */
const wants = (part: string): boolean => values.only === undefined || values.only === part;
const wanted = contests.filter(({ id }) => wants('contests') || wants(id));
/** `--profile DIRECTORY`: for the agent's CPU profiles; `--flag FLAG`: for its Node. */
const nodeFlags = [
  ...values.flag,
  ...(values.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${values.profile}`]),
];
const ends: { end(): Promise<void> }[] = [];

try {
  const results: Results = {
    machine: machine(),
    contests: wanted.length > 0 ? await measureThroughput() : [],
    disk: wants('disk') ? await measureDisks() : [],
    drain: wants('drain') ? await measureBacklog() : undefined,
  };
  const figures = figuresOf(results);
  console.log(table(figures));
  if (!values.short && values.only === undefined) {
    await keep(results);
    process.exitCode = figures.some(({ met }) => met === false) ? 1 : 0;
  }
} finally {
  await endAll();
}

async function measureThroughput(): Promise<ContestResult[]> {
  const hub = started(await Hub.start());
  const stock = started(new Stock());
  const connectionString = await hub.addDevice('stock');
  await stock.connect({ connectionString, caPem: hub.address.caPem });
  const sides = {
    hub,
    stock,
    feeder: started(new Feeder()),
    agent: started(await BenchAgent.start(hub, nodeFlags)),
  };
  const results: ContestResult[] = [];
  for (const contest of wanted) {
    console.error(`${contest.name}: ${sizes.rounds} rounds each …`);
    results.push(await hold(contest, sides, sizes.rounds, sizes.roundSeconds));
  }
  await endAll();
  return results;
}

async function measureDisks(): Promise<DiskResult[]> {
  const hub = started(await Hub.start());
  const sides = {
    hub,
    feeder: started(new Feeder()),
    agent: started(await BenchAgent.start(hub, nodeFlags)),
  };
  const results: DiskResult[] = [];
  for (const load of diskLoads) {
    console.error(`${load.name}: ${sizes.diskSeconds} s …`);
    results.push(await measureDisk(load, sides, sizes.diskSeconds));
  }
  await endAll();
  return results;
}

async function measureBacklog(): Promise<DrainResult> {
  const hub = started(await Hub.start());
  const sides = {
    hub,
    feeder: started(new Feeder()),
    agent: started(await BenchAgent.start(hub, nodeFlags)),
  };
  console.error(`a backlog of ${sizes.backlog} messages …`);
  const result = await measureDrain(sizes.backlog, sides, sizes.settleMs);
  await endAll();
  return result;
}

async function keep(results: Results): Promise<void> {
  const date = new Date().toISOString();
  const path = join(import.meta.dirname, 'results', `telemetry-${date.slice(0, 10)}.json`);
  await mkdir(join(import.meta.dirname, 'results'), { recursive: true });
  await writeFile(path, `${JSON.stringify({ date, ...results, figures: figuresOf(results) }, null, 2)}\n`);
  console.log(`written to ${path}`);
}

function started<T extends { end(): Promise<void> }>(part: T): T {
  ends.push(part);
  return part;
}

async function endAll(): Promise<void> {
  for (let part = ends.pop(); part !== undefined; part = ends.pop()) await part.end();
}
