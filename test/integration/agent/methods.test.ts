import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import type { Simulator } from '../../../src/simulator/simulator.ts';
import { quickRetries, startAgent } from '../../support/agent.ts';
import type { RunningAgent } from '../../support/agent.ts';
import { Scratch } from '../../support/scratch.ts';
import { enrollWithKey, simulatorFor } from '../../support/simulator.ts';
import { audit, invoke } from '../methods/rig.ts';
import type { Called } from '../methods/rig.ts';

/** A session may be some moments old before it takes calls. */
const patient = { connectTimeoutInSeconds: 10 };

describe('direct methods of the agent', () => {
  let scratch: Scratch;
  let simulator: Simulator;
  let agent: RunningAgent;

  beforeEach(async () => {
    scratch = new Scratch();
    simulator = await simulatorFor(scratch);
    agent = await startAgent({
      scratch,
      simulator,
      attestation: enrollWithKey(simulator, 'gateway'),
      sections: [
        quickRetries,
        'telemetry: {inputs: [{name: system, type: system, interval: 1s}, {name: posted, type: socket}]}',
      ],
    });
    await agent.log.untilState('connected');
  });

  afterEach(() => scratch.clean());

  function call(name: string, payload?: unknown): Promise<Called> {
    const given = payload === undefined ? {} : { payload };
    return invoke(simulator, 'gateway', name, { ...patient, ...given });
  }

  it('ping and status tell that it is there, and how it is', async () => {
    const ping = await call('ping');
    assert.ok(Math.abs(Date.parse(String(ping.payload['time'])) - Date.now()) < 5000);
    const { status, payload } = await call('status');
    assert.equal(status, 200);
    assert.equal((payload['state'] as { name: string }).name, 'connected');
    assert.equal((payload['agent'] as { pid: number }).pid, process.pid);
  });

  it('getLogs tells what was logged, the call before it included', async () => {
    await call('ping');
    const { payload } = await call('log*getLogs', { since: '1m', gzip: true });
    const text = gunzipSync(Buffer.from(String(payload['gzip']), 'base64')).toString('utf8');
    assert.match(text, /connected to /);
    assert.match(text, /direct method ping answered with 200/);
    assert.equal(text.trimEnd().split('\n').length, payload['count']);
  });

  it('setLogLevel makes one part of the program say more, or less', async () => {
    const { payload } = await call('setLogLevel', { level: 'error', area: 'methods', forSeconds: 60 });
    assert.deepEqual(payload['areas'], { methods: 'error' });
    const from = agent.log.lines.length;
    await call('ping');
    await call('setLogLevel', { level: 'configured' });
    assert.deepEqual(audit(agent.log, from), ['direct method setLogLevel answered with 200']);
  });

  it('readInput reads one now, and names those there are', async () => {
    const { status, payload } = await call('readInput', { name: 'system' });
    const [reading] = payload['readings'] as { values: object }[];
    assert.equal(status, 200);
    assert.ok(Object.keys(reading?.values ?? {}).length > 3);
    assert.equal((await call('readInput', { name: 'posted' })).status, 409);
    const { payload: unknown } = await call('readInput', { name: 'sytem' });
    assert.deepEqual(unknown['known'], ['system', 'posted']);
  });

  it('flushTelemetry waits until the hub has what was held', async () => {
    await simulator.messages.waitFor(() => true, AbortSignal.timeout(10_000));
    const { status, payload } = await call('flushTelemetry', { timeoutSeconds: 10 });
    assert.deepEqual([status, payload['flushed']], [200, true]);
  });

  it('flushTelemetry says how far it came while the hub acknowledges nothing', async () => {
    await simulator.messages.waitFor(() => true, AbortSignal.timeout(10_000));
    simulator.faults.add({ kind: 'swallow-pubacks' });
    const since = simulator.messages.since().length;
    await simulator.messages.waitFor(({ sequence }) => sequence > since, AbortSignal.timeout(10_000));
    const { status, payload } = await call('flushTelemetry', { timeoutSeconds: 1 });
    assert.deepEqual([status, payload['flushed']], [200, false]);
    assert.ok(Number(payload['waiting']) > 0);
  });

  it('five hundred are answered within a minute while a hundred messages a second flow, none of which is lost', async () => {
    const busy = await startAgent({
      scratch,
      simulator,
      attestation: enrollWithKey(simulator, 'busy'),
      sections: [quickRetries, `telemetry: {inputs: [${tenTimesASecond(10).join(', ')}]}`],
    });
    await busy.log.untilState('connected');
    const statuses = new Map<number, number>();
    const startMs = performance.now();
    await Promise.all([1, 2, 3, 4].map(() => caller(125, statuses)));
    const seconds = (performance.now() - startMs) / 1000;
    assert.ok(seconds < 60);
    assert.deepEqual([...statuses], [[200, 500]]);
    const { payload } = await invoke(simulator, 'busy', 'flushTelemetry', patient);
    assert.equal(payload['flushed'], true);
    const sequences = sequencesOf('busy');
    assert.ok(sequences.length > seconds * 50, `${sequences.length} messages in ${seconds} s`);
    const [first = 0] = sequences;
    assert.deepEqual(
      sequences,
      sequences.map((_, index) => first + index),
    );
  });

  async function caller(calls: number, statuses: Map<number, number>): Promise<void> {
    for (let left = calls; left > 0; left -= 1) {
      const { status } = await invoke(simulator, 'busy', left % 50 === 0 ? 'getLogs' : 'ping', patient);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
  }

  /** Of the messages that have come, in order and each once. */
  function sequencesOf(device: string): number[] {
    const all = simulator.messages.since().filter((message) => message.device === device);
    const sequences = all.map(({ applicationProperties }) => Number(applicationProperties['sequence']));
    return [...new Set(sequences)].toSorted((a, b) => a - b);
  }
});

function tenTimesASecond(inputs: number): string[] {
  return Array.from(
    { length: inputs },
    (_, number) => `{name: s${number}, type: system, interval: 100ms, figures: [uptime]}`,
  );
}
