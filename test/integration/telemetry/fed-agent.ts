import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { DeviceMessage } from '../../../src/simulator/message.ts';
import type { Simulator } from '../../../src/simulator/simulator.ts';
import { startAgent } from '../../support/agent.ts';
import type { RunningAgent } from '../../support/agent.ts';
import { Scratch } from '../../support/scratch.ts';
import { enrollWithKey, simulatorFor } from '../../support/simulator.ts';
import { SocketClient } from '../../support/socket-client.ts';
import type { SocketAnswer } from '../../support/socket-client.ts';

/** Nothing here takes longer, in milliseconds; on a busy machine everything takes its time. */
const patienceMs = 60_000;

const connection =
  'connection: {ack_timeout: 5s, retry: {initial: 100ms, maximum: 1s}, rejected_retry: {initial: 1s, maximum: 2s}, reprovision_after_failures: 1000, reprovision_after: 1d}';

/** An agent with a hub of its own, and what a test does to the two of them. */
export class FedAgent {
  readonly simulator: Simulator;
  readonly stateDirectory: string;
  readonly #scratch: Scratch;
  readonly #attestation: Readonly<Record<string, string>>;
  readonly #telemetry: string;
  #agent: RunningAgent | undefined;
  #client: SocketClient | undefined;

  private constructor(scratch: Scratch, simulator: Simulator, stateDirectory: string, telemetry: string) {
    this.#scratch = scratch;
    this.simulator = simulator;
    this.stateDirectory = stateDirectory;
    this.#attestation = enrollWithKey(simulator, 'gateway');
    this.#telemetry = telemetry;
  }

  /**
   * Connected when this resolves, gone with the test.
   * @param telemetry the section of config.yaml, in YAML's flow style
   */
  static async start(t: TestContext, telemetry: string): Promise<FedAgent> {
    const scratch = new Scratch();
    t.after(() => scratch.clean());
    const simulator = await simulatorFor(scratch);
    const stateDirectory = join(await scratch.folder(), 'state');
    const fed = new FedAgent(scratch, simulator, stateDirectory, telemetry);
    await fed.startAgain();
    await fed.untilState('connected');
    return fed;
  }

  /** With the state that is there. */
  async startAgain(): Promise<void> {
    const { simulator, stateDirectory } = this;
    const sections = [connection, `telemetry: ${this.#telemetry}`];
    this.#agent = await startAgent({
      scratch: this.#scratch,
      simulator,
      attestation: this.#attestation,
      sections,
      stateDirectory,
      socket: true,
    });
    const client = new SocketClient(join(stateDirectory, 'agent.sock'));
    this.#scratch.defer(() => {
      client.close();
      return Promise.resolve();
    });
    this.#client = client;
    await until('the agent listens', () =>
      client.get('/v1/status').then(
        () => true,
        () => false,
      ),
    );
  }

  async stop(): Promise<void> {
    this.#client?.close();
    await this.#agent?.stop();
  }

  async untilState(state: string, from?: number): Promise<void> {
    await this.#agent?.log.untilState(state, patienceMs, from);
  }

  /** Posts these as they are, one a line; all of them are taken. Resolves with where they are. */
  async post(path: string, items: readonly object[]): Promise<unknown> {
    const answer = await this.answerTo(path, items);
    assert.equal(answer?.status, 202, JSON.stringify(answer));
    assert.equal(answer.body['accepted'], items.length);
    return answer.body['stored'];
  }

  answerTo(path: string, items: readonly object[]): Promise<SocketAnswer> | undefined {
    return this.#client?.post(path, items.map((item) => JSON.stringify(item)).join('\n'));
  }

  async queue(): Promise<QueueReport> {
    const answer = await this.#client?.get('/v1/status');
    return answer?.body['queue'] as QueueReport;
  }

  /** The hub is gone, and the agent has noticed, when this resolves. */
  async goOffline(): Promise<void> {
    const from = this.#agent?.log.lines.length;
    this.simulator.faults.add({ kind: 'refuse-tcp', how: 'closed' });
    this.simulator.faults.add({ kind: 'drop-connections' });
    await this.untilState('waiting', from);
  }

  async comeBack(): Promise<void> {
    await this.simulator.faults.clear();
  }

  /** Resolves with all that have arrived, as soon as they satisfy. */
  async untilArrived(enough: (messages: readonly DeviceMessage[]) => boolean): Promise<DeviceMessage[]> {
    const { messages } = this.simulator;
    const tooLong = AbortSignal.timeout(patienceMs);
    await messages
      .waitFor(() => enough(messages.since()), tooLong)
      .catch((cause: unknown) => {
        throw new Error(`they have not arrived: ${messages.since().length} messages`, { cause });
      });
    return messages.since();
  }
}

/** Asks now and then, for what nobody announces. */
export async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const endMs = performance.now() + patienceMs;
  while (!(await isSo())) {
    assert.ok(performance.now() < endMs, `not so within ${patienceMs} ms: ${what}`);
    await pass(50);
  }
}

/** For what takes a known time; anything else is waited for. */
export function pass(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

interface QueueReport {
  readonly depth: number;
  readonly dropped: Readonly<Record<string, number>>;
  readonly diskBytesWritten: number;
}

export function sequenceOf({ applicationProperties }: DeviceMessage): number {
  return Number(applicationProperties['sequence']);
}

export function idOf({ systemProperties }: DeviceMessage): string {
  return systemProperties['message-id'] ?? '';
}

/** The number that a test has put into a message's body. */
export function numberOf({ body }: DeviceMessage): number {
  return typeof body === 'object' && body !== null && 'n' in body ? Number(body['n']) : NaN;
}

export function numbersOf(messages: readonly DeviceMessage[]): Set<number> {
  return new Set(messages.map(numberOf).filter((n) => !Number.isNaN(n)));
}

export function range(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index + 1);
}
