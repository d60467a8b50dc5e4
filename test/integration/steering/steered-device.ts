import { join } from 'node:path';
import type { Simulator } from '../../../src/simulator/simulator.ts';
import type { TaskRecord } from '../../../src/tasks/task.ts';
import { valueAt } from '../../../src/twin/properties.ts';
import { quickRetries, startAgent } from '../../support/agent.ts';
import type { RunningAgent } from '../../support/agent.ts';
import type { Scratch } from '../../support/scratch.ts';
import { enrollWithKey, simulatorFor } from '../../support/simulator.ts';
import { invoke } from '../methods/rig.ts';
import type { Called } from '../methods/rig.ts';

/** Nothing here takes longer, in milliseconds; on a busy machine everything takes its time. */
export const patienceMs = 30_000;

/** The whole agent with a hub of its own, and what an operator does to it by the hub's REST. */
export class SteeredDevice {
  readonly scratch: Scratch;
  readonly simulator: Simulator;
  readonly stateDirectory: string;
  readonly key: string;
  readonly #attestation: Readonly<Record<string, string>>;
  readonly #sections: readonly string[];
  #agent: RunningAgent;

  private constructor(of: Omit<SteeredParts, 'agent'>, agent: RunningAgent) {
    this.scratch = of.scratch;
    this.simulator = of.simulator;
    this.stateDirectory = of.stateDirectory;
    this.key = of.attestation['symmetric_key'] ?? '';
    this.#attestation = of.attestation;
    this.#sections = of.sections;
    this.#agent = agent;
  }

  /** @param sections of config.yaml, in YAML's flow style */
  static async start(scratch: Scratch, sections: readonly string[]): Promise<SteeredDevice> {
    const simulator = await simulatorFor(scratch);
    const parts = {
      ...{ scratch, simulator, attestation: enrollWithKey(simulator, 'gateway') },
      stateDirectory: join(await scratch.folder(), 'state'),
      sections: [quickRetries, ...sections],
    };
    return new SteeredDevice(parts, await connected(parts));
  }

  get agent(): RunningAgent {
    return this.#agent;
  }

  /** On the state that is there. */
  async restart(): Promise<void> {
    await this.#agent.stop();
    const { scratch, simulator, stateDirectory } = this;
    const [attestation, sections] = [this.#attestation, this.#sections];
    this.#agent = await connected({ scratch, simulator, stateDirectory, attestation, sections });
  }

  call(name: string, payload?: unknown): Promise<Called> {
    const given = payload === undefined ? {} : { payload };
    // A session may be some moments old before it takes calls.
    return invoke(this.simulator, 'gateway', name, { connectTimeoutInSeconds: 10, ...given });
  }

  /** What stands in the reported properties. */
  reported(...path: string[]): unknown {
    return valueAt(this.simulator.registry.getTwin('gateway').reported.properties, ...path);
  }

  async untilReported(holds: () => boolean): Promise<void> {
    await this.simulator.untilTwin('gateway', holds, AbortSignal.timeout(patienceMs));
  }

  /** Asks for the task, as its caller would, whenever the twin has news of it. */
  async ended(command: string, correlationId: unknown): Promise<TaskRecord> {
    const value = (name: string): unknown => this.reported(command, 'value', name);
    await this.untilReported(
      () => value('correlationId') === correlationId && value('endedAt') !== undefined,
    );
    return this.task(correlationId);
  }

  async task(correlationId: unknown): Promise<TaskRecord> {
    const { status, payload } = await this.call('getTaskStatus', { correlationId });
    if (status !== 200) throw new Error(`getTaskStatus answers ${status}: ${JSON.stringify(payload)}`);
    return payload as unknown as TaskRecord;
  }
}

interface SteeredParts {
  readonly scratch: Scratch;
  readonly simulator: Simulator;
  readonly stateDirectory: string;
  readonly attestation: Readonly<Record<string, string>>;
  readonly sections: readonly string[];
  readonly agent: RunningAgent;
}

async function connected(parts: Omit<SteeredParts, 'agent'>): Promise<RunningAgent> {
  const agent = await startAgent(parts);
  await agent.log.untilState('connected');
  return agent;
}
