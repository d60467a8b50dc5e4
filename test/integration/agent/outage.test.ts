import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { startSimulator } from '../../../src/simulator/simulator.ts';
import type { Simulator } from '../../../src/simulator/simulator.ts';
import { quickRetries, startAgent } from '../../support/agent.ts';
import { dpsConnections, enrollWithKey, putKeyEnrollment, simulatorFor } from '../../support/simulator.ts';
import { Scratch } from '../../support/scratch.ts';

const everySecond = 'telemetry: {inputs: [{name: system, type: system, interval: 1s}]}';
/** With the defaults of `connection:`; docs/measurements.md states the bounds. */
const defaults = [everySecond];
const retryMaximumMs = 60_000;
const connectTimeoutMs = 20_000;

describe('outages', { concurrency: true }, () => {
  it('a hub killed for 20 s and started again: back within the bound, no number missing', async (t) => {
    const scratch = scratchFor(t);
    const dataDirectory = await scratch.folder();
    const first = await startSimulator({ dataDirectory });
    const attestation = enrollWithKey(first, 'gateway');
    const { log } = await startAgent({ scratch, simulator: first, attestation, sections: defaults });
    await arrived(first, 5);
    await first.close();
    const before = numbers(first);
    await pass(20_000);

    const second = await simulatorFor(scratch, { dataDirectory });
    const back = log.lines.length;
    await log.untilState('connected', retryMaximumMs + connectTimeoutMs, back);
    await arrived(second, Math.max(...before) + 25);
    assertNoneMissing([...before, ...numbers(second)]);
  });

  it('a hub gone silent: noticed within 60 s by default, no number missing', async (t) => {
    const scratch = scratchFor(t);
    const simulator = await simulatorFor(scratch);
    const attestation = enrollWithKey(simulator, 'gateway');
    const { log } = await startAgent({ scratch, simulator, attestation, sections: defaults });
    await arrived(simulator, 3);
    simulator.faults.add({ kind: 'go-silent', times: 1 });
    const line = await log.untilState('waiting', 60_000);
    assert.equal(line['code'], 'HUB-KEEPALIVE');
    await arrived(simulator, Math.max(...numbers(simulator)) + 30);
    assertNoneMissing(numbers(simulator));
  });

  it('acknowledgements swallowed: noticed within ack_timeout, every message sent again', async (t) => {
    const scratch = scratchFor(t);
    const simulator = await simulatorFor(scratch);
    const attestation = enrollWithKey(simulator, 'gateway');
    const sections = ['connection: {ack_timeout: 5s, retry: {initial: 100ms, maximum: 1s}}', everySecond];
    const { log } = await startAgent({ scratch, simulator, attestation, sections });
    await arrived(simulator, 2);
    simulator.faults.add({ kind: 'swallow-pubacks' });
    await log.untilCode('HUB-ACK-TIMEOUT', 10_000);
    await simulator.faults.clear();
    await arrived(simulator, Math.max(...numbers(simulator)) + 3);
    assertNoneMissing(numbers(simulator));
    const ids = simulator.messages.since().map(({ systemProperties }) => systemProperties['messageId']);
    assert.ok(new Set(ids).size < ids.length, 'what was sent twice carries the same message ID');
  });

  it('the connection dropped again and again: no number missing', async (t) => {
    const scratch = scratchFor(t);
    const simulator = await simulatorFor(scratch);
    const attestation = enrollWithKey(simulator, 'gateway');
    await startAgent({ scratch, simulator, attestation });
    for (const number of [2, 4, 6]) {
      await arrived(simulator, number);
      simulator.faults.add({ kind: 'drop-connections' });
    }
    await arrived(simulator, 9);
    assertNoneMissing(numbers(simulator));
  });

  it('the network down at start: the agent waits, and connects when it comes', async (t) => {
    const scratch = scratchFor(t);
    const dataDirectory = await scratch.folder();
    const absent = await startSimulator({ dataDirectory });
    const attestation = enrollWithKey(absent, 'gateway');
    await absent.close();
    const { log } = await startAgent({ scratch, simulator: absent, attestation });
    await log.untilCode('NET-REFUSED');
    const simulator = await simulatorFor(scratch, { dataDirectory });
    await arrived(simulator, 1);
    assertNoneMissing(numbers(simulator));
  });

  it('DPS throttles: its retry-after is waited for', async (t) => {
    const scratch = scratchFor(t);
    const simulator = await simulatorFor(scratch);
    const attestation = enrollWithKey(simulator, 'gateway');
    simulator.faults.add({ kind: 'dps-error', status: 429, retryAfter: 4, times: 1 });
    const { log } = await startAgent({ scratch, simulator, attestation });
    const line = await log.untilCode('DPS-429');
    assert.ok(Number(line['delayMs']) >= 4000);
    await arrived(simulator, 1);
    assert.equal(dpsConnections(simulator), 2);
  });

  it('DPS never answers: given up after the deadline, and tried again', async (t) => {
    const scratch = scratchFor(t);
    const simulator = await simulatorFor(scratch);
    const attestation = enrollWithKey(simulator, 'gateway');
    simulator.faults.add({ kind: 'dps-no-answer', times: 1 });
    const provisioning = ['deadline: 10s'];
    const { log } = await startAgent({ scratch, simulator, attestation, provisioning });
    await log.untilCode('DPS-TIMEOUT', 15_000);
    await arrived(simulator, 1);
  });

  it('the twin refused: telemetry goes on, the twin is tried again', async (t) => {
    const scratch = scratchFor(t);
    const simulator = await simulatorFor(scratch);
    const attestation = enrollWithKey(simulator, 'gateway');
    simulator.faults.add({ kind: 'twin-error', status: 429, operation: 'get', times: 1 });
    const { log } = await startAgent({ scratch, simulator, attestation });
    await log.untilCode('HUB-TWIN');
    await arrived(simulator, 3);
    await log.until(({ msg }) => msg.startsWith('could fetch the twin after 1'), 20_000);
    assert.equal(log.lines.filter((line) => line['state'] === 'connected').length, 1);
  });

  it('a device that DPS assigns and the hub refuses asks neither more often than the long waits allow', async (t) => {
    const scratch = scratchFor(t);
    const simulator = await simulatorFor(scratch);
    const attestation = enrollWithKey(simulator, 'gateway');
    simulator.faults.add({ kind: 'refuse-connect', service: 'hub', code: 5 });
    const sections = ['connection: {rejected_retry: {initial: 4s, maximum: 4s}}', everySecond];
    const { log } = await startAgent({ scratch, simulator, attestation, sections });
    await log.untilCode('HUB-CONNACK-5');
    await pass(6000);
    const connects = simulator.connections.history().length;
    assert.ok(connects <= 8, `${connects} connects in six seconds`);
    await simulator.faults.clear();
    await arrived(simulator, 1);
  });

  it('the device disabled while connected, and enabled again: it is back by itself', async (t) => {
    const scratch = scratchFor(t);
    const simulator = await simulatorFor(scratch);
    const attestation = enrollWithKey(simulator, 'gateway');
    const { log } = await startAgent({
      scratch,
      simulator,
      attestation,
      sections: [quickRetries, everySecond],
    });
    await arrived(simulator, 1);
    const key = attestation['symmetric_key'] ?? '';
    simulator.registry.putDevice('gateway', { status: 'disabled', authentication: authenticationWith(key) });
    const lost = await log.untilState('waiting');
    // A server that closes with something unread resets the connection: which it is depends on what was on its way.
    assert.ok(['HUB-CLOSED', 'NET-RESET'].includes(String(lost['code'])), String(lost['code']));
    simulator.registry.putDevice('gateway', { status: 'enabled', authentication: authenticationWith(key) });
    putKeyEnrollment(simulator, 'gateway', key);
    await arrived(simulator, 4);
    assertNoneMissing(numbers(simulator));
  });
});

function authenticationWith(primaryKey: string): { type: 'sas'; symmetricKey: { primaryKey: string } } {
  return { type: 'sas', symmetricKey: { primaryKey } };
}

function scratchFor(t: TestContext): Scratch {
  const scratch = new Scratch();
  t.after(() => scratch.clean());
  return scratch;
}

/** Resolves when the message with this number has arrived. */
async function arrived(simulator: Simulator, number: number): Promise<void> {
  const enough = AbortSignal.timeout(150_000);
  await simulator.messages.waitFor(
    ({ applicationProperties }) => Number(applicationProperties['sequence']) >= number,
    enough,
  );
}

function numbers(simulator: Simulator): number[] {
  return simulator.messages
    .since()
    .map(({ applicationProperties }) => Number(applicationProperties['sequence']));
}

function assertNoneMissing(arrivedNumbers: readonly number[]): void {
  const seen = new Set(arrivedNumbers);
  const last = Math.max(...seen);
  const missing = Array.from({ length: last }, (_, index) => index + 1).filter((number) => !seen.has(number));
  assert.deepEqual(missing, [], `missing of 1 to ${last}`);
}

/** An outage lasts as long as it lasts: there is nothing to await but time. */
function pass(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
