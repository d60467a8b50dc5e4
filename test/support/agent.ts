import { join } from 'node:path';
import { createAgent } from '../../src/agent.ts';
import { createLogging } from '../../src/cli/create-log.ts';
import { SystemClock } from '../../src/lib/clock.ts';
import type { Log } from '../../src/lib/log.ts';
import type { AgentHost } from '../../src/agent.ts';
import type { Config } from '../../src/config/schema.ts';
import { StopRequest } from '../../src/stop-request.ts';
import { parseConfig } from '../../src/config/parse.ts';
import { LiveConfig } from '../../src/live-config.ts';
import { realWorld } from '../../src/world.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import type { Scratch } from './scratch.ts';
import { keepSecret } from './test-logs.ts';
import { WatchedLog } from './watched-log.ts';

export interface AgentOptions {
  readonly scratch: Scratch;
  readonly simulator: Pick<Simulator, 'scopeId' | 'dps' | 'caFile'>;
  /** The lines of `attestation:`, as in config.yaml. */
  readonly attestation: Readonly<Record<string, string>>;
  /** Whole sections of config.yaml in YAML's flow style, such as `connection: {keep_alive: 5s}`. */
  readonly sections?: readonly string[];
  /** Further lines of `provisioning:`. */
  readonly provisioning?: readonly string[];
  /** A folder of its own if not given; given, the agent finds there what an earlier one has left. */
  readonly stateDirectory?: string;
  /** Whether it listens at `agent.sock` in its state directory. */
  readonly socket?: boolean;
}

export interface RunningAgent {
  readonly log: WatchedLog;
  readonly stateDirectory: string;
  /** Rejects if the agent failed. */
  stop(): Promise<void>;
}

/** Short waits, so that tests need not sit out the long ones; the rules are the same. */
export const quickRetries =
  'connection: {retry: {initial: 100ms, maximum: 1s}, rejected_retry: {initial: 1s, maximum: 2s}, reprovision_spread: 0s}';

const everySecond = 'telemetry: {inputs: [{name: system, type: system, interval: 1s}]}';

/** Whether this machine's clock is synchronised is none of these tests' business: nobody can be asked. */
export const nobodyToAsk = (): Promise<never> => Promise.reject(new Error('no program is run in this test'));

/** The text of a config.yaml for a simulator. */
export function configFor({
  simulator,
  attestation,
  sections,
  provisioning,
}: Omit<AgentOptions, 'scratch'>): string {
  const { scopeId, dps, caFile } = simulator;
  return [
    'provisioning:',
    '  source: dps',
    `  global_endpoint: ${dps.host}:${dps.port}`,
    `  scope_id: ${scopeId}`,
    ...(provisioning ?? []).map((line) => `  ${line}`),
    '  attestation:',
    ...Object.entries(attestation).map(([key, value]) => `    ${key}: ${value}`),
    `trust_bundle_cert: file://${caFile}`,
    ...(sections ?? [quickRetries, everySecond]),
    '',
  ].join('\n');
}

/** The whole agent in this process: its real composition, the real SDK, real TLS. Stopped when the test is over. */
export async function startAgent(options: AgentOptions): Promise<RunningAgent> {
  for (const [key, value] of Object.entries(options.attestation)) if (key.endsWith('_key')) keepSecret(value);
  const { config } = parseConfig(configFor(options), 'config.yaml');
  const stateDirectory = options.stateDirectory ?? join(await options.scratch.folder(), 'state');
  const log = new WatchedLog();
  const stopping = new AbortController();
  const live = new LiveConfig(config);
  const given = await agentHost(config, log);
  const socketPath = join(stateDirectory, 'agent.sock');
  const host = { ...given, ...(options.socket === true ? { socketPath } : {}) };
  const world = { ...(await realWorld(live, host.log)), runProgram: nobodyToAsk };
  const agent = await createAgent(live, stateDirectory, world, host);
  const running = agent.run(stopping.signal);
  // Told by `stop`; until then a failure must not end the test's process.
  running.catch(() => undefined);
  const stop = async (): Promise<void> => {
    stopping.abort();
    await running;
  };
  options.scratch.defer(stop);
  return { log, stateDirectory, stop };
}

/** What the program gives the agent, for one that runs in the process of a test; every line goes to the watched log. */
export async function agentHost(
  config: Config,
  watched: WatchedLog,
): Promise<AgentHost & { readonly log: Log }> {
  const write = (line: string): void => {
    watched.take(line);
  };
  const log = { ...config.log, level: 'debug' as const };
  return {
    ...(await createLogging(log, { isTerminal: false, write }, new SystemClock())),
    pid: process.pid,
    stop: new StopRequest(),
    describeConfig: () => Promise.resolve('described by the program'),
  };
}
