import assert from 'node:assert/strict';
import { get } from 'node:http';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { Simulator } from '../../../src/simulator/simulator.ts';
import { startAgent, quickRetries } from '../../support/agent.ts';
import type { RunningAgent } from '../../support/agent.ts';
import { parsePrometheusText, valueOf } from '../../support/prometheus-text.ts';
import { Scratch } from '../../support/scratch.ts';
import { enrollWithKey, simulatorFor } from '../../support/simulator.ts';
import { SocketClient } from '../../support/socket-client.ts';

const enough = 20_000;

describe('the metrics of an agent', () => {
  let scratch: Scratch;
  let simulator: Simulator;
  let agent: RunningAgent;
  let socketPath: string;

  beforeEach(async () => {
    scratch = new Scratch();
    simulator = await simulatorFor(scratch);
  });

  afterEach(() => scratch.clean());

  async function start(telemetry: string): Promise<void> {
    const attestation = enrollWithKey(simulator, 'gateway');
    const sections = [quickRetries, `telemetry: ${telemetry}`];
    agent = await startAgent({ scratch, simulator, attestation, sections, socket: true });
    socketPath = join(agent.stateDirectory, 'agent.sock');
  }

  /** What is told by a metric that has only one sample with these labels. */
  async function told(name: string, labels: Readonly<Record<string, string>> = {}): Promise<number> {
    return valueOf(await scrape(), `dps_agent_${name}`, labels);
  }

  function scrape(path = '/v1/metrics'): Promise<string> {
    return new Promise((resolve, reject) => {
      get({ socketPath, path, agent: false }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => (text += part));
        response.on('end', () => {
          resolve(text);
        });
      }).once('error', reject);
    });
  }

  /** Resolves when the hub has acknowledged everything that was held. */
  async function flush(): Promise<void> {
    const { status } = await simulator.invokeMethod('gateway', {
      methodName: 'flushTelemetry',
      connectTimeoutInSeconds: 10,
    });
    assert.equal(status, 200);
  }

  it('show a reconnect, and count on over it', async () => {
    simulator.faults.add({ kind: 'dps-error', status: 429, retryAfter: 0, times: 1 });
    await start('{inputs: [{name: system, type: system, interval: 1s}]}');
    await agent.log.untilState('connected', enough);
    await flush();
    const before = await scrape();
    const from = agent.log.lines.length;
    simulator.faults.add({ kind: 'drop-connections', service: 'hub' });
    const lost = await agent.log.untilState('waiting', enough, from);
    await agent.log.untilState('connected', enough, from);
    await flush();
    const after = await scrape();

    assertNothingWentDown(before, after);
    const value = (name: string, labels = {}): number => valueOf(after, `dps_agent_${name}`, labels);
    assert.equal(value('reconnects_total', { cause: String(lost['code']) }), 1);
    assert.equal(value('sessions_total'), 2);
    assert.equal(value('provisioning_attempts_total', { outcome: 'DPS-429' }), 1);
    assert.equal(value('provisioning_attempts_total', { outcome: 'assigned' }), 1);
    assert.equal(value('connection_attempts_total', { outcome: 'opened' }), 2);
    assert.equal(value('connected'), 1);
    for (const state of ['provisioning', 'connecting', 'connected', 'waiting'])
      assert.ok(value('connection_state_seconds_total', { state }) > 0, state);
    const acknowledged = { priority: 'normal', outcome: 'acknowledged' };
    assert.ok(value('telemetry_messages_total', acknowledged) > 0);
    assert.equal(
      value('telemetry_acknowledgement_seconds_count'),
      value('telemetry_messages_total', acknowledged),
    );
    const bytes = { direction: 'received' };
    assert.ok(value('wire_bytes_total', bytes) > valueOf(before, 'dps_agent_wire_bytes_total', bytes));
    assert.ok(valueOf(after, 'process_resident_memory_bytes') > 1e6);
  });

  it('show what the cloud asks for, and how that was answered', async () => {
    await start('{inputs: [{name: system, type: system, interval: 1h}]}');
    await agent.log.untilState('connected', enough);
    const patience = { connectTimeoutInSeconds: 10 };
    await simulator.invokeMethod('gateway', { methodName: 'ping', ...patience });
    await simulator.invokeMethod('gateway', { methodName: 'ping', ...patience });
    await simulator.invokeMethod('gateway', { methodName: 'selfDestruct', ...patience });
    assert.equal(await told('method_calls_total', { method: 'ping', status: '200' }), 2);
    assert.equal(await told('method_calls_total', { method: '(unknown)', status: '404' }), 1);

    simulator.patchDesired('gateway', { telemetry: { drainRate: 30, nonsense: 1 } });
    await simulator.untilTwin(
      'gateway',
      ({ reported }) => JSON.stringify(reported.properties['telemetry'] ?? {}).includes('nonsense'),
      AbortSignal.timeout(enough),
    );
    assert.equal(await told('twin_settings', { outcome: 'refused' }), 1);
    assert.equal(await told('twin_settings', { outcome: 'applied' }), 1);

    const from = agent.log.lines.length;
    simulator.sendCloudToDevice('gateway', { body: 'for nobody' });
    await agent.log.until(({ msg }) => msg.includes('no rule'), enough, from);
    assert.equal(await told('cloud_messages_total', { outcome: 'unmatched' }), 1);
    assert.equal(await told('cloud_messages_total', { outcome: 'received' }), 1);
  });

  it('show what waits, what is dropped and what is refused while the hub is away', async () => {
    simulator.faults.add({ kind: 'refuse-tcp', how: 'closed' });
    await start(
      '{inputs: [{name: posted, type: socket}], batch: {max_readings: 1, max_delay: 0s}, queue: {normal: {max_bytes: 64KB}}}',
    );
    await agent.log.untilState('waiting', enough);
    const client = new SocketClient(socketPath, 1);
    scratch.defer(() => {
      client.close();
      return Promise.resolve();
    });
    for (let posted = 0; posted < 12; posted += 1) {
      const { status } = await client.post('/v1/telemetry', `{"text": "${'x'.repeat(10_000)}"}`);
      assert.equal(status, 202);
    }
    const huge = await client.post('/v1/telemetry', `{"text": "${'x'.repeat(300_000)}"}`);
    assert.ok(huge.status >= 400, String(huge.status));

    const normal = { priority: 'normal' };
    const held = await told('queue_messages', normal);
    assert.ok(held > 0 && held < 12, String(held));
    assert.equal(await told('queue_dropped_total', { ...normal, reason: 'cap' }), 12 - held);
    assert.equal(await told('telemetry_refused_total', { input: 'posted', reason: 'oversize' }), 1);
    assert.ok((await told('queue_bytes', normal)) > 10_000);
    assert.equal(await told('connected'), 0);
    assert.ok((await told('queue_disk_written_bytes_total')) > 0);
  });

  it('have a history from the start', async () => {
    await start('{inputs: [{name: system, type: system, interval: 1h}]}');
    await agent.log.untilState('connected', enough);
    const [head, first, ...more] = (await scrape('/v1/metrics/history')).split('\r\n');
    assert.match(head ?? '', /^time,state,sessions,queue_messages,/);
    assert.match(first ?? '', /^\d{4}-\d\d-\d\dT[\d:.]+Z,starting,0,/);
    assert.deepEqual(more, ['']);
  });
});

/** Of whatever counts, every series is still there and tells as much as before, or more. */
function assertNothingWentDown(before: string, after: string): void {
  for (const { name, type, samples } of parsePrometheusText(before)) {
    if (type === 'gauge') continue;
    for (const sample of samples)
      assert.ok(
        valueOf(after, sample.name, sample.labels) >= sample.value,
        `${name} ${JSON.stringify(sample.labels)} went down`,
      );
  }
}
