// What an agent costs where many share a process, and how long it takes until all of them are connected, each through DPS.
// `npm run bench:fleet` prints a table for 1, 10, 100 and 1,000 agents and writes bench/results; `-- --short` only shows that
// it works. `-- --agents N` runs that size alone, `-- --flag F` gives the crew's Node a flag.
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { FleetCrew } from './fleet-crew.ts';
import { FleetHub } from './fleet-hub.ts';
import { fleetFigures } from './fleet-figures.ts';
import type { FleetRound } from './fleet-figures.ts';
import { machine } from './machine.ts';
import { pass } from './pass.ts';
import { cpuMs, footprint } from './process-figures.ts';
import type { Footprint } from './process-figures.ts';
import { median, table } from './report.ts';

const { values } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    agents: { type: 'string', multiple: true },
    flag: { type: 'string', multiple: true, default: [] },
    program: { type: 'string' },
  },
});
const root = join(import.meta.dirname, '..');
const program = {
  path: resolve(values.program ?? join(root, 'dist', 'dps-agent-soak.cjs')),
  flags: values.flag,
};
const sizes = values.agents?.map(Number) ?? (values.short ? [1, 10, 50] : [1, 10, 100, 1000]);
const connectDeadlineMs = 300_000;
/** Left alone until the start is digested; then looked at for so long, in which everybody sends once a minute. */
const [settleMs, watchMs] = values.short ? [2000, 3000] : [60_000, 60_000];
const looks = 6;

const load = machine();
const rounds: FleetRound[] = [];
for (const agents of sizes) {
  console.error(`${agents} agents …`);
  rounds.push(await round(agents));
}
const figures = fleetFigures(rounds);
console.log(table(figures));
if (!values.short && values.agents === undefined) await keep();
process.exitCode = figures.some(({ met }) => met === false) ? 1 : 0;

async function round(agents: number): Promise<FleetRound> {
  const hub = await FleetHub.start();
  let crew: FleetCrew | undefined;
  try {
    const hubBefore = { cpuMs: cpuMs(hub.pid), bytes: footprint(hub.pid).residentBytes };
    crew = await FleetCrew.start(agents, hub.address, program);
    await crew.untilConnected(connectDeadlineMs);
    const connecting = { cpuMs: cpuMs(crew.pid), hubCpuMs: cpuMs(hub.pid) - hubBefore.cpuMs };
    await pass(settleMs);
    const rest = await watched(crew, hub);
    return {
      agents,
      connectedMs: crew.connectedMs,
      connecting,
      rest: { ...rest, hubGrowthBytes: footprint(hub.pid).residentBytes - hubBefore.bytes },
      disconnects: crew.disconnects,
    };
  } finally {
    await crew?.end();
    await hub.end();
  }
}

async function watched(crew: FleetCrew, hub: FleetHub): Promise<Omit<FleetRound['rest'], 'hubGrowthBytes'>> {
  const before = { crew: cpuMs(crew.pid), hub: cpuMs(hub.pid), ...(await hub.traffic()) };
  const prints: Footprint[] = [];
  for (let look = 0; look < looks; look += 1) {
    await pass(watchMs / looks);
    prints.push(footprint(crew.pid));
  }
  const { messages, senders } = await hub.traffic();
  return {
    residentBytes: median(prints.map(({ residentBytes }) => residentBytes)),
    anonymousBytes: median(prints.map(({ anonymousBytes }) => anonymousBytes)),
    watchedMs: watchMs,
    cpuMs: cpuMs(crew.pid) - before.crew,
    hubCpuMs: cpuMs(hub.pid) - before.hub,
    messages: messages - before.messages,
    senders,
  };
}

async function keep(): Promise<void> {
  const date = new Date().toISOString();
  const folder = join(import.meta.dirname, 'results');
  const path = join(folder, `fleet-${date.slice(0, 10)}.json`);
  await mkdir(folder, { recursive: true });
  await writeFile(path, `${JSON.stringify({ date, machine: load, rounds, figures }, null, 2)}\n`);
  console.log(`written to ${path}`);
}
