// By hand: `npm run backlog`. Makes a backlog of 1 GB, and compares opening it with opening an empty queue: the time, and
// the memory once it is open and the first message is out. Each in a process of its own.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { SystemClock } from '../../src/lib/clock.ts';
import { openDiskQueue } from '../../src/telemetry/queue/disk-queue.ts';
import { NodeQueueFiles } from '../../src/telemetry/queue/node-queue-files.ts';
import type { DiskQueue } from '../../src/telemetry/queue/running-queue.ts';
import { RecordingLog } from '../fakes/recording-log.ts';
import { draft, plenty } from '../unit/telemetry/queue/world.ts';

const backlogBytes = Number(process.env['BACKLOG_BYTES'] ?? 1e9);
const never = new AbortController().signal;
const [verb, given] = process.argv.slice(2);

if (verb === 'open' && given !== undefined) await measure(given);
else if (verb === 'fill' && given !== undefined) await fill(given);
else await compare();

async function compare(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'dps-agent-backlog-'));
  try {
    const [full, empty] = [join(folder, 'full'), join(folder, 'empty')];
    await child('fill', full);
    console.log('queue     messages   open ms    RSS MB   heap MB');
    for (const directory of [empty, full, empty, full]) await child('open', directory);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function child(what: string, directory: string): Promise<void> {
  const script = ['--expose-gc', '--import', 'tsx', import.meta.filename, what, directory];
  const [code] = (await once(spawn(process.execPath, script, { stdio: 'inherit' }), 'exit')) as [number];
  if (code !== 0) throw new Error(`cannot ${what} ${directory}: exit code ${code}`);
}

async function fill(directory: string): Promise<void> {
  const body = 'x'.repeat(200);
  await running(directory, async (queue) => {
    for (let bytes = 0; bytes < backlogBytes; bytes += body.length) {
      if (bytes % (body.length * 1000) === 0) await queue.ready(never);
      queue.offer(draft(body));
    }
  });
}

async function measure(directory: string): Promise<void> {
  const start = performance.now();
  await running(directory, async (queue) => {
    const openMs = performance.now() - start;
    if (queue.depth > 0) queue.release((await queue.take('normal', never)) ?? fail());
    globalThis.gc?.();
    const { rss, heapUsed } = process.memoryUsage();
    const columns = [queue.depth, Math.round(openMs), (rss / 1e6).toFixed(1), (heapUsed / 1e6).toFixed(1)];
    const name = queue.depth > 0 ? 'backlog' : 'empty';
    console.log(name.padEnd(8) + columns.map((column) => String(column).padStart(10)).join(''));
  });
}

async function running(directory: string, use: (queue: DiskQueue) => Promise<void>): Promise<void> {
  const lots = { maxBytes: 4e9, ttlMs: undefined };
  const settings = { ...plenty, maxBytes: 4e9, priorities: { high: lots, normal: lots, low: lots } };
  const queue = await openDiskQueue({
    ...{ directory, files: new NodeQueueFiles(), clock: new SystemClock(), log: new RecordingLog() },
    settings: () => settings,
    trustsClock: () => true,
  });
  const stop = new AbortController();
  const run = queue.run(stop.signal);
  await use(queue);
  stop.abort();
  await run;
  await queue.close();
}

function fail(): never {
  throw new Error('cannot take a message of the backlog');
}
