import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { ConnectionRecord } from '../../src/simulator/connection-log.ts';
import type { JsonObject } from '../../src/simulator/json.ts';
import type { DeviceMessage } from '../../src/simulator/message.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { startAgent } from './agent.ts';
import type { AgentOptions } from './agent.ts';
import { Scratch } from './scratch.ts';
import { dpsConnections, enrollWithKey, simulatorFor } from './simulator.ts';
import type { WatchedLog } from './watched-log.ts';

/** Nothing here takes longer, in milliseconds; on a busy machine everything takes its time. */
const patienceMs = 60_000;

export interface Acknowledgement {
  readonly value?: unknown;
  readonly ac: number;
  readonly av: number;
  readonly ad: string;
}

/** An agent as `startAgent` or `startAgentProcess` makes one. */
export interface Steerable {
  readonly log: WatchedLog;
  stop(): Promise<void>;
}

export interface SteeredOptions {
  /** A further key of `connection:`, in YAML's flow style. */
  readonly connection?: string;
  /** Of the queue, likewise. */
  readonly queue?: string;
  /** What the agent trusts besides its own simulator's authority, in PEM. */
  readonly trusted?: string;
  readonly scopeId?: string;
  /** In this process unless given. */
  readonly start?: (options: AgentOptions) => Promise<Steerable>;
}

/** An agent with a hub of its own, steered by its twin, and what a test wants to know of both. */
export class SteeredAgent {
  readonly scratch: Scratch;
  readonly simulator: Simulator;
  readonly #options: AgentOptions;
  readonly #start: (options: AgentOptions) => Promise<Steerable>;
  #running: Steerable | undefined;

  private constructor(
    scratch: Scratch,
    simulator: Simulator,
    options: AgentOptions,
    start: SteeredOptions['start'],
  ) {
    this.scratch = scratch;
    this.simulator = simulator;
    this.#options = options;
    this.#start = start ?? startAgent;
  }

  /** Connected, and its telemetry arriving, when this resolves; gone with the test. */
  static async start(t: TestContext, options: SteeredOptions = {}): Promise<SteeredAgent> {
    const { connection, queue = '', trusted = '', start, ...ofSimulator } = options;
    const scratch = new Scratch();
    t.after(() => scratch.clean());
    const simulator = await simulatorFor(scratch, ofSimulator);
    const caFile = join(await scratch.folder(), 'trusted.pem');
    await writeFile(caFile, `${simulator.caPem}\n${trusted}`);
    const agent = new SteeredAgent(
      scratch,
      simulator,
      {
        scratch,
        simulator: { scopeId: simulator.scopeId, dps: simulator.dps, caFile },
        attestation: enrollWithKey(simulator, 'gateway'),
        stateDirectory: join(await scratch.folder(), 'state'),
        sections: [
          `connection: {${connection === undefined ? '' : `${connection}, `}retry: {initial: 100ms, maximum: 1s}}`,
          `telemetry: {queue: {${queue}}, inputs: [{name: system, type: system, interval: 1s}]}`,
        ],
      },
      start,
    );
    await agent.startAgain();
    await agent.untilTelemetryIsWhole();
    return agent;
  }

  /** On the state that is there. */
  async startAgain(): Promise<void> {
    this.#running = await this.#start(this.#options);
  }

  async stop(): Promise<void> {
    await this.#running?.stop();
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.startAgain();
  }

  get log(): WatchedLog {
    assert.ok(this.#running);
    return this.#running.log;
  }

  get key(): string {
    return this.#options.attestation['symmetric_key'] ?? '';
  }

  /** Patches the desired properties, and returns their version. */
  desire(properties: JsonObject): number {
    return this.simulator.patchDesired('gateway', properties).desired.version;
  }

  get reported(): Reported {
    return this.simulator.registry.getTwin('gateway').reported.properties;
  }

  async untilReported(wanted: (reported: Reported) => boolean): Promise<void> {
    const enough = AbortSignal.timeout(patienceMs);
    await this.simulator
      .untilTwin('gateway', () => wanted(this.reported), enough)
      .catch((cause: unknown) => {
        throw new Error(`it is not reported; what is: ${JSON.stringify(this.reported)}`, { cause });
      });
  }

  /** Resolves when the connection's property is acknowledged with this code. */
  async untilAcknowledged(property: string, code: number): Promise<Acknowledgement> {
    const found = (): Acknowledgement | undefined => this.reported.connection?.[property];
    await this.untilReported(() => found()?.ac === code);
    const acknowledgement = found();
    assert.ok(acknowledgement);
    return acknowledgement;
  }

  /** Resolves when the agent that runs now has logged this code. */
  async untilLogged(code: string): Promise<void> {
    await this.log.untilCode(code, patienceMs);
  }

  /** Resolves when a message that was made after this call has arrived, and every one before it. */
  async untilTelemetryIsWhole(): Promise<void> {
    const since = Date.now();
    const { messages } = this.simulator;
    const isWhole = (): boolean => {
      const arrived = messages.since();
      const latest = arrived.findLast(({ systemProperties }) => creationTimeMs(systemProperties) > since);
      return latest !== undefined && missingUpTo(sequenceOf(latest), arrived).length === 0;
    };
    await messages.waitFor(isWhole, AbortSignal.timeout(patienceMs)).catch((cause: unknown) => {
      const arrived = messages.since();
      const missing = missingUpTo(Math.max(0, ...arrived.map(sequenceOf)), arrived);
      throw new Error(`of ${arrived.length} messages are missing: ${missing.slice(0, 20).join(', ')}`, {
        cause,
      });
    });
  }

  /** How often DPS was connected to. */
  get registrations(): number {
    return dpsConnections(this.simulator);
  }

  get sessions(): number {
    return this.#sessions().length;
  }

  get lastSession(): ConnectionRecord | undefined {
    return this.#sessions().at(-1);
  }

  async untilSessions(count: number): Promise<void> {
    await this.simulator.connections
      .waitFor(() => this.sessions >= count, AbortSignal.timeout(patienceMs))
      .catch((cause: unknown) => {
        throw new Error(`there were ${this.sessions} sessions, not ${count}`, { cause });
      });
  }

  #sessions(): ConnectionRecord[] {
    return this.simulator.connections
      .history()
      .filter(({ service, refused }) => service === 'hub' && refused === undefined);
  }
}

export interface Reported {
  readonly connection?: Readonly<Record<string, Acknowledgement | undefined>>;
}

function creationTimeMs(properties: Readonly<Record<string, string>>): number {
  return Date.parse(properties['iothub-creation-time-utc'] ?? '');
}

function sequenceOf({ applicationProperties }: DeviceMessage): number {
  return Number(applicationProperties['sequence']);
}

/** An agent that was killed begins far beyond the numbers it had used (docs/queue.md): between its lives nothing is missing. */
const nextLife = 100_000;

function missingUpTo(last: number, arrived: readonly DeviceMessage[]): number[] {
  const numbers = [0, ...new Set(arrived.map(sequenceOf))].sort((one, other) => one - other);
  return numbers.slice(1).flatMap((number, index) => {
    const before = numbers[index] ?? 0;
    if (number > last || number - before > nextLife) return [];
    return Array.from({ length: number - before - 1 }, (_, offset) => before + 1 + offset);
  });
}
