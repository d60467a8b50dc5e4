import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startAgent } from '../support/agent.ts';
import { Scratch } from '../support/scratch.ts';
import { enrollWithKey, putKeyEnrollment, simulatorFor } from '../support/simulator.ts';

/** The shortest `reprovision_after` that the configuration takes. */
const sections = [
  'connection: {retry: {initial: 100ms, maximum: 1s}, reprovision_after: 1m, reprovision_after_failures: 1000}',
  'telemetry: {inputs: [{name: system, type: system, interval: 1s}]}',
];

describe('the ladder', () => {
  it('nothing but failures for reprovision_after leads to DPS, however many they were', async (t) => {
    const scratch = new Scratch();
    t.after(() => scratch.clean());
    const simulator = await simulatorFor(scratch, { hubs: 2 });
    const [first = '', second = ''] = simulator.hubs.map(({ name }) => name);
    const at = (hub: string): object => ({ allocationPolicy: 'static', iotHubs: [hub] });
    const attestation = enrollWithKey(simulator, 'gateway', at(second));
    await startAgent({ scratch, simulator, attestation, sections });
    await simulator.messages.waitFor(({ hub }) => hub === second, AbortSignal.timeout(15_000));
    putKeyEnrollment(simulator, 'gateway', attestation['symmetric_key'] ?? '', at(first));
    simulator.faults.add({ kind: 'refuse-tcp', how: 'closed', hub: second });
    const lostAt = performance.now();
    simulator.faults.add({ kind: 'drop-connections' });
    await simulator.messages.waitFor(({ hub }) => hub === first, AbortSignal.timeout(90_000));
    assert.ok(performance.now() - lostAt >= 60_000, 'not before the time was over');
  });
});
