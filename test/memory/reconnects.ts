// By hand: `npm run memory`. Forces 2,000 reconnects of the whole agent and compares its memory after them with that after
// 200. The simulator is a process of its own, so that what is measured is the agent. The figures go to
// docs/measurements.md.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { createAgent } from '../../src/agent.ts';
import { parseConfig } from '../../src/config/parse.ts';
import { LiveConfig } from '../../src/live-config.ts';
import { realWorld } from '../../src/world.ts';
import { agentHost, configFor } from '../support/agent.ts';
import { WatchedLog } from '../support/watched-log.ts';

const checkpoints = [200, 500, 1000, 1500, 2000];
const key = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=';

const folder = await mkdtemp(join(tmpdir(), 'dps-agent-memory-'));
const simulator = spawn(
  process.execPath,
  [
    join(import.meta.dirname, '../../dist/dps-agent-simulator.cjs'),
    ...['--data', folder, '--port', '0', '--control-port', '0', '--json'],
  ],
  { stdio: ['ignore', 'pipe', 'inherit'] },
);
try {
  const [line] = (await once(createInterface({ input: simulator.stdout }), 'line')) as [string];
  await measure(JSON.parse(line) as Parameters<typeof measure>[0]);
} finally {
  simulator.kill();
  await once(simulator, 'exit');
  await rm(folder, { recursive: true, force: true });
}

async function measure(address: {
  scopeId: string;
  dps: { host: string; port: number };
  control: string;
  caFile: string;
}): Promise<void> {
  const symmetricKey = { primaryKey: key, secondaryKey: key };
  await control('PUT', '/enrollments/gateway', { attestation: { type: 'symmetricKey', symmetricKey } });
  const attestation = { method: 'symmetric_key', registration_id: 'gateway', symmetric_key: key };
  // Every tenth loss would ask DPS, which is not what is measured, and soon not allowed.
  const provisioning = ['dynamic_reprovisioning: false'];
  const { config } = parseConfig(configFor({ simulator: address, attestation, provisioning }), 'config.yaml');
  const log = new WatchedLog();
  // No waits between the sessions: what is to be seen is whether a session leaves anything behind.
  const none = { initialMs: 1, maximumMs: 1 };
  const connection = { ...config.connection, retry: none, rejectedRetry: none };
  const stop = new AbortController();
  const live = new LiveConfig({ ...config, connection });
  const host = await agentHost(config, log);
  const world = await realWorld(live, host.log);
  const running = (await createAgent(live, join(folder, 'state'), world, host)).run(stop.signal);

  console.log('reconnects   heap MB    RSS MB');
  const rows: NodeJS.MemoryUsage[] = [];
  for (let count = 0; count <= (checkpoints.at(-1) ?? 0); count += 1) {
    await log.until((each) => each['state'] === 'connected');
    log.lines.length = 0;
    if (checkpoints.includes(count)) rows.push(report(count));
    await control('POST', '/simulator/faults', { kind: 'drop-connections' });
    await log.until((each) => each['state'] === 'waiting');
  }
  stop.abort();
  await running;
  const growths = (['heapUsed', 'rss'] as const).map(
    (what) => (rows.at(-1)?.[what] ?? 0) / (rows[0]?.[what] ?? 0) - 1,
  );
  const [heap = Infinity, rss = Infinity] = growths;
  console.log(`growth from the first row to the last: heap ${percent(heap)}, RSS ${percent(rss)}`);
  process.exitCode = Math.max(heap, rss) <= 0.1 ? 0 : 1;

  async function control(method: string, path: string, body: object): Promise<void> {
    const headers = { 'Content-Type': 'application/json' };
    const response = await fetch(`${address.control}${path}`, {
      method,
      headers,
      body: JSON.stringify(body),
    });
    if (!response.ok)
      throw new Error(`cannot ${method} ${path}: ${response.status} ${await response.text()}`);
    await response.arrayBuffer();
  }
}

function report(count: number): NodeJS.MemoryUsage {
  if (globalThis.gc === undefined) throw new Error('cannot measure without --expose-gc: npm run memory');
  globalThis.gc();
  const usage = process.memoryUsage();
  const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1).padStart(10);
  console.log(`${String(count).padStart(10)}${megabytes(usage.heapUsed)}${megabytes(usage.rss)}`);
  return usage;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
