import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { valueAt } from '../../src/twin/properties.ts';
import { invoke } from '../integration/methods/rig.ts';
import { control } from '../integration/simulator/support.ts';
import { numbersOf, pass, until } from '../integration/telemetry/fed-agent.ts';
import { startAgentProcess } from '../support/agent-process.ts';
import { quickRetries } from '../support/agent.ts';
import { Scratch } from '../support/scratch.ts';
import { enrollWithKey, simulatorFor } from '../support/simulator.ts';
import { SocketClient } from '../support/socket-client.ts';

const megabyte = 1024 * 1024;
const postsPerSecond = 100;
const loadMs = 50_000;

describe('an agent that is steered without a pause', () => {
  it('answers 500 twin changes and 500 method calls in a minute, loses no telemetry and does not grow', async (t) => {
    const agent = await BusyAgent.start(t);
    const stopFeeding = agent.feed();
    await agent.steer(100, 10_000);
    await agent.untilAcknowledged();
    const before = await agent.memory();

    const startMs = performance.now();
    await agent.steer(500, loadMs);
    const seconds = (performance.now() - startMs) / 1000;
    assert.ok(seconds < 60, `it took ${seconds} s`);
    assert.deepEqual([...agent.statuses], [[200, 600]]);
    await agent.untilAcknowledged();
    // V8 lets its heap grow by some 20 MB before it looks for garbage in earnest; over three rounds it was 142, 118, 130.
    const bound = before + Math.max(before * 0.25, 35 * megabyte);
    const after = await agent.memoryOnceBelow(bound);

    const posted = await stopFeeding();
    await agent.untilArrived(posted);
    const told = `${mega(before)} MB before, ${mega(after)} MB after; ${posted} messages`;
    t.diagnostic(told);
    assert.ok(after <= bound, told);
    assert.ok(posted > postsPerSecond * 0.95 * seconds, told);
  });
});

function mega(bytes: number): string {
  return (bytes / megabyte).toFixed(1);
}

/** The built agent as a process of its own, and everything that is done to it at once. */
class BusyAgent {
  readonly statuses = new Map<number, number>();
  readonly #simulator: Simulator;
  readonly #client: SocketClient;
  readonly #pid: number;
  #changes = 0;
  #lastVersion = 0;

  private constructor(simulator: Simulator, client: SocketClient, pid: number) {
    this.#simulator = simulator;
    this.#client = client;
    this.#pid = pid;
  }

  static async start(t: TestContext): Promise<BusyAgent> {
    const scratch = new Scratch();
    t.after(() => scratch.clean());
    const simulator = await simulatorFor(scratch, { maxMessages: 20_000 });
    const stateDirectory = join(await scratch.folder(), 'state');
    const { log, child } = await startAgentProcess({
      ...{ scratch, simulator, stateDirectory, attestation: enrollWithKey(simulator, 'gateway') },
      sections: [
        quickRetries,
        'telemetry: {inputs: [{name: posted, type: socket}, {name: slow, type: system, interval: 1d}]}',
      ],
    });
    await log.untilState('connected');
    const client = new SocketClient(join(stateDirectory, 'agent.sock'), 2);
    scratch.defer(() => {
      client.close();
      return Promise.resolve();
    });
    await until('it listens', async () => (await client.get('/v1/status')).status === 200);
    return new BusyAgent(simulator, client, child.pid ?? 0);
  }

  /** Posts numbered messages at a steady rate; returns what ends it and tells how many they were. */
  feed(): () => Promise<number> {
    let isOver = false;
    const feeding = atRate(
      postsPerSecond,
      () => isOver,
      async (n) => {
        const message = JSON.stringify({ body: { n, text: 'x'.repeat(180) } });
        const answer = await this.#client.post('/v1/messages', message);
        assert.equal(answer.status, 202, JSON.stringify(answer.body));
      },
    );
    feeding.catch(() => undefined);
    return () => {
      isOver = true;
      return feeding;
    };
  }

  /** So many changes of the twin and so many calls, spread over the time. */
  async steer(count: number, ms: number): Promise<void> {
    const rate = (count * 1000) / ms;
    const isEnough = (n: number): boolean => n > count;
    await Promise.all([
      atRate(rate, isEnough, () => this.#desire()),
      atRate(rate, isEnough, (n) => this.#call(n)),
    ]);
  }

  /** Resolves when everything that was ever asked for is acknowledged with the last version. */
  async untilAcknowledged(): Promise<void> {
    const { desired } = this.#simulator.registry.getTwin('gateway');
    const asked = Object.entries(desired.properties).flatMap(([component, values]) =>
      Object.entries(values as Record<string, unknown>).map(([name, value]) => ({ component, name, value })),
    );
    assert.ok(asked.length >= 6);
    for (const { component, name, value } of asked) {
      const answer = (): unknown => valueAt(this.#reported, component, name);
      const isAnswered = (): boolean => valueAt(answer(), 'av') === this.#lastVersion;
      await this.#simulator
        .untilTwin('gateway', isAnswered, AbortSignal.timeout(30_000))
        .catch((cause: unknown) => {
          throw new Error(
            `version ${this.#lastVersion}: ${component}.${name} is ${JSON.stringify(answer())}`,
            { cause },
          );
        });
      assert.deepEqual(answer(), { value, ac: 200, av: this.#lastVersion, ad: 'applied' });
    }
  }

  /** In bytes, while telemetry goes on: the middle of some seconds' samples. */
  async memory(): Promise<number> {
    const samples: number[] = [];
    for (let count = 0; count < 15; count += 1) {
      await pass(200);
      const status = await readFile(`/proc/${this.#pid}/status`, 'utf8');
      samples.push(Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024);
    }
    return samples.toSorted((a, b) => a - b)[7] ?? Number.NaN;
  }

  /**
   * As soon as it is no more than that, or after half a minute whatever it is then: a steady process goes up and down by
   * a tenth and more, since V8 collects its old objects about once a minute.
   */
  async memoryOnceBelow(bound: number): Promise<number> {
    const endMs = performance.now() + 30_000;
    for (;;) {
      const now = await this.memory();
      if (now <= bound || performance.now() > endMs) return now;
    }
  }

  async untilArrived(posted: number): Promise<void> {
    const { messages } = this.#simulator;
    await messages
      .waitFor(() => numbersOf(messages.since()).size >= posted, AbortSignal.timeout(30_000))
      .catch(() => undefined);
    const arrived = numbersOf(messages.since());
    const missing = Array.from({ length: posted }, (_, index) => index + 1).filter((n) => !arrived.has(n));
    assert.deepEqual(missing, []);
  }

  get #reported(): unknown {
    return this.#simulator.registry.getTwin('gateway').reported.properties;
  }

  /** As an operator's tool does it: one property after the other, and every time another value. */
  async #desire(): Promise<void> {
    const n = (this.#changes += 1);
    const changes = [
      { telemetry: { drainRate: 1000 + n } },
      { telemetry: { intervalSeconds: 3600 + n } },
      { telemetry: { batch: { maxReadings: 1 + n, maxDelaySeconds: 1 } } },
      { telemetry: { inputs: { slow: { enabled: n % 2 === 0, intervalSeconds: 3600 + n } } } },
      { reporting: { intervalSeconds: 60 + n } },
      { log: { areas: { telemetry: n % 4 === 1 ? 'debug' : 'warn' } } },
    ];
    const body = { properties: { desired: changes[n % changes.length] } };
    const answer = await control(this.#simulator, 'PATCH', '/twins/gateway', body);
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    const version = Number(valueAt(answer.body, 'properties', 'desired', '$version'));
    this.#lastVersion = Math.max(this.#lastVersion, version);
  }

  async #call(n: number): Promise<void> {
    const names = ['ping', 'status', 'getTaskStatus', 'readInput', 'getLogs'];
    const name = names[n % names.length] ?? '';
    const payload = name === 'readInput' ? { name: 'slow' } : {};
    const { status } = await invoke(this.#simulator, 'gateway', name, { payload });
    this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1);
  }
}

/** Does it so many times a second, one after the other, until it is enough; resolves with how often it was done. */
async function atRate(
  perSecond: number,
  isEnough: (n: number) => boolean,
  act: (n: number) => Promise<void>,
): Promise<number> {
  const startMs = performance.now();
  for (let n = 1; ; n += 1) {
    const dueMs = startMs + (n * 1000) / perSecond;
    await pass(Math.max(0, dueMs - performance.now()));
    if (isEnough(n)) return n - 1;
    await act(n);
  }
}
