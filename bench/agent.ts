import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { configFor } from '../test/support/agent.ts';
import type { Hub } from './hub.ts';

const root = join(import.meta.dirname, '..');
/** What the unit starts before the agent: `systemd/notify-fd`. */
const notifyFd = join(root, 'systemd/notify-fd');
/** The descriptor at which the agent says that it is ready. */
const readyFd = 3;

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
    await copyFile(join(root, 'dist/dps-agent.cjs'), join(folder, 'dps-agent.cjs'));
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

export interface NodeToRun {
  /** This process's own when absent. */
  readonly program?: string | undefined;
  /** Beside those that the package gives it. */
  readonly flags?: readonly string[];
}

/** The built agent in a process of its own, started as the package and its unit do. */
export class BenchAgent {
  readonly socketPath: string;
  readonly #home: AgentHome;
  readonly #child: ChildProcess;
  readonly #states: string[] = [];
  #changed: () => void = () => undefined;
  #lastLines: string[] = [];
  #readyMs: number | undefined;

  constructor(home: AgentHome, node: NodeToRun = {}) {
    const { folder } = home;
    this.#home = home;
    this.socketPath = join(folder, 'state', 'agent.sock');
    const args = [launch(folder, node), 'run', '--config', join(folder, 'config.yaml')];
    const child = spawn(notifyFd, ['/bin/sh', ...args], {
      env: agentEnvironment(folder),
      stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
    });
    const { stdout } = child;
    if (stdout === null) throw new Error('cannot read what the agent says');
    createInterface({ input: stdout }).on('line', (line) => {
      this.#take(line);
    });
    child.stdio[readyFd]?.on('data', (notices: Buffer) => {
      if (notices.includes('READY=1')) this.#readyMs = performance.timeOrigin + performance.now();
    });
    this.#child = child;
  }

  /** With two inputs to post to, `single` and `batched`; connected when this resolves. */
  static async start(hub: Hub, flags: readonly string[] = []): Promise<BenchAgent> {
    const agent = new BenchAgent(await AgentHome.make(hub, forBenches), { flags });
    await agent.untilState('connected');
    return agent;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** When it told systemd that it is ready, in milliseconds since 1970; `undefined` until then. */
  get readyMs(): number | undefined {
    return this.#readyMs;
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

/** The package's own launcher with another Node and the agent that is there. Returns its path. */
function launch(folder: string, { program = process.execPath, flags = [] }: NodeToRun): string {
  const path = join(folder, 'dps-agent.sh');
  const packaged = readFileSync(join(root, 'packaging/debian/dps-agent.sh'), 'utf8');
  const installed = '/usr/lib/dps-agent';
  if (!packaged.includes(`exec ${installed}/node `)) throw new Error('cannot find Node in the launcher');
  const text = packaged
    .replace(`exec ${installed}/node `, `exec ${[program, ...flags].join(' ')} `)
    .replace(`${installed}/dps-agent.cjs`, join(folder, 'dps-agent.cjs'));
  writeFileSync(path, text);
  return path;
}

/** A service has no more of its machine's: none of the certificates, say, that this one wants trusted. */
function agentEnvironment(folder: string): NodeJS.ProcessEnv {
  return {
    PATH: '',
    STATE_DIRECTORY: join(folder, 'state'),
    NODE_COMPILE_CACHE: join(folder, 'compiled'),
    NOTIFY_FD: String(readyFd),
  };
}
