import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { configFor } from '../test/support/agent.ts';
import type { Hub } from './hub.ts';

/** What the package has Node told. */
const launcher = readFileSync(join(import.meta.dirname, '../packaging/debian/dps-agent.sh'), 'utf8');
const installedFlags = launcher.match(/--max-[a-z-]+=\d+/g) ?? [];

/** Sends in flight, the agent's own preset. */
export const window = 64;

const connection =
  'connection: {retry: {initial: 100ms, maximum: 1s}, rejected_retry: {initial: 1s, maximum: 2s}}';
const inputs = [
  '{name: single, type: socket}',
  '{name: batched, type: socket, batch: {max_readings: 500, max_bytes: 240KB, max_delay: 1s}}',
];
const forBenches = `telemetry: {window: ${window}, drain_rate: 10000, inputs: [${inputs.join(', ')}]}`;

/** Where a built agent lives: its program, its configuration, and a state directory on this machine's disk. */
export class AgentHome {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** @param telemetry that section of its configuration, in YAML's flow style */
  static async make(hub: Hub, telemetry: string): Promise<AgentHome> {
    const folder = await mkdtemp(join(tmpdir(), 'dps-agent-bench-'));
    await mkdir(join(folder, 'state'));
    await copyFile(join(import.meta.dirname, '../dist/dps-agent.cjs'), join(folder, 'dps-agent.cjs'));
    const attestation = {
      method: 'symmetric_key',
      registration_id: 'gateway',
      symmetric_key: await hub.enroll('gateway'),
    };
    const sections = [connection, telemetry];
    const provisioning = ['dynamic_reprovisioning: false'];
    const text = configFor({ simulator: hub.address, attestation, sections, provisioning });
    await writeFile(join(folder, 'config.yaml'), text, { mode: 0o600 });
    return new AgentHome(folder);
  }

  remove(): Promise<void> {
    return rm(this.folder, { recursive: true, force: true });
  }
}

/** The built agent in a process of its own. */
export class BenchAgent {
  readonly socketPath: string;
  readonly #home: AgentHome;
  readonly #child: ChildProcess;
  readonly #states: string[] = [];
  #changed: () => void = () => undefined;
  #lastLines: string[] = [];

  constructor(home: AgentHome, nodeFlags: readonly string[] = []) {
    const { folder } = home;
    this.#home = home;
    this.socketPath = join(folder, 'state', 'agent.sock');
    const child = spawn(
      process.execPath,
      [
        ...installedFlags,
        ...nodeFlags,
        join(folder, 'dps-agent.cjs'),
        'run',
        '--config',
        join(folder, 'config.yaml'),
      ],
      {
        env: { ...process.env, PATH: '', RUNTIME_DIRECTORY: '', STATE_DIRECTORY: join(folder, 'state') },
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    createInterface({ input: child.stdout }).on('line', (line) => {
      this.#take(line);
    });
    this.#child = child;
  }

  /** With two inputs to post to, `single` and `batched`; connected when this resolves. */
  static async start(hub: Hub, nodeFlags: readonly string[] = []): Promise<BenchAgent> {
    const agent = new BenchAgent(await AgentHome.make(hub, forBenches), nodeFlags);
    await agent.untilState('connected');
    return agent;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** How many changes of state it has announced so far. */
  get changes(): number {
    return this.#states.length;
  }

  /** Until it has announced this state, after its first `after` changes. Rejects after 30 s, with what it said last. */
  async untilState(state: string, after = 0): Promise<void> {
    const endMs = performance.now() + 30_000;
    while (!this.#states.slice(after).includes(state)) {
      if (this.#child.exitCode !== null || performance.now() > endMs)
        throw new Error(`the agent is not ${state}:\n${this.#lastLines.join('\n')}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 200);
        this.#changed = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** Its home goes with it. */
  async end(): Promise<void> {
    await this.stop();
    await this.#home.remove();
  }

  /** In order. */
  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const exited = once(this.#child, 'exit');
      this.#child.kill('SIGTERM');
      await exited;
    }
  }

  #take(line: string): void {
    this.#lastLines = [...this.#lastLines.slice(-9), line];
    // What V8 was asked for by `--flag --trace-gc`, say.
    if (!line.startsWith('{')) {
      console.error(line);
      return;
    }
    const { state } = JSON.parse(line) as { state?: string };
    if (state === undefined) return;
    this.#states.push(state);
    this.#changed();
  }
}
